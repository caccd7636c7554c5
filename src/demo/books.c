/* books.c - titles and authors by lists of words, prices by genre.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/books.h"

#include "base/str.h"
#include "demo/dice.h"

#include <stdio.h>

enum { WORDS = 12, LANGUAGES = 5, PURPOSE = 0xb00c, ISBN_DIGITS = 13 };

struct genre {
    const char *name;
    unsigned euros;           /* a usual price */
    unsigned char season[12]; /* in tenths, January first */
};

static const struct genre GENRES[BOOKS_GENRES] = {
    {"crime", 13, {11, 10, 9, 9, 10, 12, 14, 13, 10, 10, 11, 12}},
    {"fantasy", 16, {10, 10, 10, 10, 10, 10, 11, 11, 10, 10, 11, 14}},
    {"romance", 11, {10, 14, 10, 10, 11, 12, 13, 12, 10, 9, 9, 11}},
    {"science", 24, {11, 10, 10, 10, 9, 9, 8, 9, 11, 12, 11, 12}},
    {"history", 22, {10, 10, 10, 10, 10, 9, 9, 9, 10, 11, 12, 14}},
    {"children", 12, {8, 8, 9, 11, 10, 10, 9, 10, 10, 11, 15, 24}},
    {"cooking", 28, {13, 9, 9, 10, 10, 10, 9, 9, 10, 11, 14, 20}},
    {"travel", 18, {12, 11, 12, 13, 15, 16, 14, 10, 8, 7, 7, 8}},
    {"poetry", 14, {10, 11, 12, 11, 10, 9, 9, 9, 10, 11, 11, 12}},
    {"business", 26, {15, 12, 10, 10, 10, 9, 7, 8, 13, 11, 10, 8}},
};

struct words {
    const char *language;
    const char *qualities[WORDS], *things[WORDS], *authors[WORDS];
};

static const struct words LANGUAGE[LANGUAGES] = {
    {"en",
     {"Quiet", "Last", "Hidden", "Golden", "Broken", "Distant", "Secret", "Winter", "Burning",
      "Silver", "Lost", "Patient"},
     {"River", "Garden", "Letter", "Harbour", "Orchard", "Lantern", "Kitchen", "Island", "Map",
      "Sparrow", "Clock", "Bridge"},
     {"Ada Holloway", "Tom Brackett", "Imogen Vale", "Rashid Karim", "Wendy Osei", "Piers Langton",
      "Moira Kell", "Dev Anand", "Nora Flint", "Callum Reid", "Zadie Munro", "Ewan Frost"}},
    {"de",
     {"stille", "letzte", "verborgene", "goldene", "zerbrochene", "ferne", "geheime", "lange",
      "brennende", "silberne", "verlorene", "kleine"},
     {"Haus", "Meer", "Licht", "Dorf", "Buch", "Land", "Boot", "Zimmer", "Lied", "Tal", "Fenster",
      "Schloß"},
     {"Jörg Weißenfels", "Käthe Brandt", "Anselm Grün", "Lene Hofmann", "Till Östermann",
      "Ruth Kästner", "Malte Voß", "Ilse Döring", "Nils Bäcker", "Svea Lindner", "Emil Roth",
      "Grete Maurer"}},
    {"fr",
     {"secret", "perdu", "immense", "tranquille", "fragile", "sauvage", "éternel", "lointain",
      "oublié", "étrange", "paisible", "rouge"},
     {"océan", "arbre", "hiver", "escalier", "atelier", "orage", "été", "amour", "oiseau",
      "horizon", "hôtel", "archipel"},
     {"Éloïse Marchand", "Gérard Lefèvre", "Inès Dubreuil", "Théo Garnier", "Maëlle Le Gall",
      "Aïcha Benali", "Rémi Fournier", "Zoé Chevalier", "Noël Perrin", "Anaïs Colin", "Hugo Delmas",
      "Léa Rousseau"}},
    {"zh",
     {"安静", "最后", "隐秘", "金色", "破碎", "遥远", "秘密", "冬日", "燃烧", "银色", "失落",
      "漫长"},
     {"河流", "花园", "来信", "港口", "果园", "灯笼", "厨房", "岛屿", "地图", "麻雀", "时钟", "桥"},
     {"林晓雨", "陈立人", "王思远", "赵明月", "周子谦", "吴静怡", "欧阳晨", "孙嘉木", "徐若兰",
      "何以安", "郭沐风", "罗青禾"}},
    {"ar",
     {"الهادئ", "الأخير", "الخفي", "الذهبي", "المكسور", "البعيد", "السري", "الطويل", "المشتعل",
      "الفضي", "المفقود", "الصغير"},
     {"النهر", "البستان", "الخطاب", "الميناء", "الحقل", "الفانوس", "البيت", "الشاطئ", "الطريق",
      "العصفور", "القمر", "الجسر"},
     {"ليلى منصور", "يوسف حداد", "سلمى الشريف", "كريم عبد الله", "نادين خوري", "طارق السيد",
      "هالة فؤاد", "عمر الفاروق", "ريم بدوي", "سامي درويش", "منى زكريا", "بلال قاسم"}},
};

/* Of eight books four are in English. */
static const uint8_t TURN[8] = {0, 1, 0, 3, 0, 2, 0, 4};

const char *books_genre(size_t genre)
{
    return GENRES[genre].name;
}

double books_season(size_t genre, int month)
{
    return GENRES[genre].season[month - 1] / 10.0;
}

/* The last digit is what makes the weighted sum a multiple of ten. */
static void write_isbn(char out[14], unsigned number)
{
    unsigned sum = 0;

    snprintf(out, 14, "979%09u", number);
    for (int i = 0; i < ISBN_DIGITS - 1; i++)
        sum += (unsigned)(out[i] - '0') * (i % 2 ? 3 : 1);
    out[ISBN_DIGITS - 1] = (char)('0' + (10 - sum % 10) % 10);
    out[ISBN_DIGITS] = 0;
}

static void write_title(char *out, size_t room, const struct words *words, size_t at)
{
    const char *quality = words->qualities[at % WORDS];
    const char *thing = words->things[(at / WORDS + at) % WORDS];

    switch (words->language[0]) {
    case 'e':
        snprintf(out, room, "The %s %s", quality, thing);
        break;
    case 'd':
        snprintf(out, room, "Das %s %s", quality, thing);
        break;
    case 'f':
        snprintf(out, room, "L’%s %s", thing, quality);
        break;
    case 'z':
        snprintf(out, room, "%s的%s", quality, thing);
        break;
    default:
        snprintf(out, room, "%s %s", thing, quality);
    }
}

void books_make(uint64_t seed, struct books_book *out_books)
{
    for (unsigned i = 0; i < BOOKS_COUNT; i++) {
        random_state dice = dice_for(seed, i, 0, PURPOSE);
        const struct words *words = &LANGUAGE[TURN[i % 8]];
        struct books_book *book = &out_books[i];
        unsigned euros;

        *book =
            (struct books_book){.genre = (uint8_t)(i / BOOKS_EACH), .language = words->language};
        euros = GENRES[book->genre].euros;
        snprintf(book->id, sizeof book->id, "b-%04u", i + 1);
        write_isbn(book->isbn, 100000000 + i * 739 + (unsigned)random_below(&dice, 700));
        write_title(book->title, sizeof book->title, words, i * 5 + i / 8);
        snprintf(book->author, sizeof book->author, "%s",
                 words->authors[(book->genre * 5 + random_below(&dice, 4)) % WORDS]);
        book->cents = (euros - euros / 4 + (unsigned)random_below(&dice, euros / 2 + 1)) * 100 + 90;
    }
}

const struct books_book *books_pick(const struct books_book *books, random_state *dice,
                                    size_t genre, const char *language)
{
    const struct books_book *book = books;

    for (int tries = 0; tries < 4; tries++) {
        double u = dice_unit(dice);

        book = &books[genre * BOOKS_EACH + (size_t)(u * u * BOOKS_EACH)];
        if (str_equals(str_of(book->language), str_of(language)) ||
            (tries && str_equals(str_of(book->language), S("en"))))
            break;
    }
    return book;
}
