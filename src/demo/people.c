/* people.c - one person after another, each by dice of her own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "demo/people.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KM_A_DEGREE 111.195

enum { PURPOSE = 0x9e07, NAMES = 12, TASTE_SUM = 1000, LANGUAGES = 5 };

struct names {
    char language[3];
    bool is_family_first;
    const char *given[NAMES], *family[NAMES], *mail[NAMES]; /* mail: of `given`, in ASCII */
};

static const struct names NAME[LANGUAGES] = {
    {"de",
     false,
     {"Anna", "Jürgen", "Lena", "Björn", "Käthe", "Felix", "Mia", "Sönke", "Paula", "Emre", "Ayşe",
      "Jonas"},
     {"Müller", "Schäfer", "Weiß", "Yılmaz", "Köhler", "Böhm", "Lang", "Sommer", "von der Heide",
      "Groß", "Hübner", "Richter"},
     {"anna", "juergen", "lena", "bjoern", "kaethe", "felix", "mia", "soenke", "paula", "emre",
      "ayse", "jonas"}},
    {"en",
     false,
     {"Olivia", "Noah", "Siobhán", "Kwame", "Grace", "Liam", "Priya", "Oscar", "Maya", "Dylan",
      "Zoë", "Elijah"},
     {"Smith", "O’Connor", "Patel", "Mensah", "Taylor", "Nguyen", "García", "Wright", "Evans",
      "Okafor", "Brooks", "Cohen"},
     {"olivia", "noah", "siobhan", "kwame", "grace", "liam", "priya", "oscar", "maya", "dylan",
      "zoe", "elijah"}},
    {"fr",
     false,
     {"Chloé", "Étienne", "Camille", "Mehdi", "Léa", "Benoît", "Inès", "Lucas", "Margaux", "Noé",
      "Agathe", "Raphaël"},
     {"Dubois", "Lefèvre", "Moreau", "Benali", "Girard", "Dupré", "Roux", "Marchand", "Faure",
      "Colin", "Picard", "Besson"},
     {"chloe", "etienne", "camille", "mehdi", "lea", "benoit", "ines", "lucas", "margaux", "noe",
      "agathe", "raphael"}},
    {"zh",
     true,
     {"伟", "芳", "娜", "秀英", "敏", "静", "磊", "洋", "艳", "勇", "子涵", "雨桐"},
     {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "欧阳", "司马"},
     {"wei", "fang", "na", "xiuying", "min", "jing", "lei", "yang", "yan", "yong", "zihan",
      "yutong"}},
    {"ar",
     false,
     {"فاطمة", "محمد", "مريم", "أحمد", "سارة", "علي", "نور", "خالد", "هدى", "عمر", "ليلى", "ياسين"},
     {"حسن", "السيد", "عبد الرحمن", "إبراهيم", "منصور", "الشافعي", "فوزي", "سليمان", "النجار",
      "يوسف", "حداد", "رمضان"},
     {"fatima", "mohamed", "mariam", "ahmed", "sara", "ali", "nour", "khaled", "huda", "omar",
      "laila", "yassin"}},
};

struct class
{
    const char *name;
    unsigned share;
    double rate;   /* visits a day */
    double intent; /* orders a visit */
};

static const struct class CLASSES[PEOPLE_CLASSES] = {
    {"loyal", 15, 0.34, 0.11},    {"regular", 30, 0.16, 0.06}, {"occasional", 28, 0.06, 0.035},
    {"lapsing", 11, 0.24, 0.065}, {"new", 16, 0.16, 0.05},
};

static const char *const EDUCATIONS[] = {"school", "apprenticeship", "degree"};
static const char *const OCCUPATIONS[] = {"student",  "teacher", "engineer", "nurse",
                                          "designer", "clerk",   "merchant", "retired"};

const char *people_class_name(enum people_class class)
{
    return CLASSES[class].name;
}

const char *people_education(uint8_t education)
{
    return EDUCATIONS[education];
}

const char *people_occupation(uint8_t occupation)
{
    return OCCUPATIONS[occupation];
}

const char *people_arm_name(enum people_arm arm)
{
    return arm == PEOPLE_TREATED ? "treated" : arm == PEOPLE_HELD_OUT ? "held_out" : "none";
}

/* One genre above all, a second one, and a little of the others. */
static void make_tastes(random_state *dice, unsigned *tastes)
{
    size_t first = random_below(dice, BOOKS_GENRES);
    size_t second = (first + 1 + random_below(dice, BOOKS_GENRES - 1)) % BOOKS_GENRES;
    unsigned left = TASTE_SUM, share;

    for (size_t i = 0; i < BOOKS_GENRES; i++) {
        tastes[i] = (unsigned)random_below(dice, 20);
        left -= tastes[i];
    }
    share = left / 4 + (unsigned)random_below(dice, left / 8);
    tastes[second] += share;
    left -= share;
    tastes[first] += left;
}

/* Homes lie round the centre, most of them within ten kilometres. */
static void make_home(random_state *dice, struct people_person *person)
{
    unsigned shares[PLACES_CITIES];
    const struct places_city *city;
    double north, east;
    size_t shop;

    for (size_t i = 0; i < PLACES_CITIES; i++)
        shares[i] = PLACES_CITY[i].share;
    person->city = (uint8_t)dice_weighted(dice, shares, PLACES_CITIES);
    city = &PLACES_CITY[person->city];
    north = dice_bell(dice) * 4;
    east = dice_bell(dice) * 4;
    /* To a ten-thousandth of a degree, as it is told. */
    person->latitude = (double)(int64_t)((city->latitude + north / KM_A_DEGREE) * 10000) / 10000;
    person->longitude =
        (double)(int64_t)((city->longitude + east / KM_A_DEGREE / city->cosine) * 10000) / 10000;
    person->shop_m = places_nearest(person->city, person->latitude, person->longitude, &shop);
    person->shop = (uint8_t)shop;
}

static void make_name(random_state *dice, struct people_person *person)
{
    const struct names *names = NAME;
    const char *language = PLACES_CITY[person->city].language;
    size_t given = random_below(dice, NAMES), family = random_below(dice, NAMES);

    while (names->language[0] != language[0])
        names++;
    if (names->is_family_first)
        snprintf(person->name, sizeof person->name, "%s%s", names->family[family],
                 names->given[given]);
    else
        snprintf(person->name, sizeof person->name, "%s %s", names->given[given],
                 names->family[family]);
    person->has_office_mail = random_chance(dice, 0.15);
    snprintf(person->user_id, sizeof person->user_id, "c-%06u", person->number + 1);
    snprintf(person->email, sizeof person->email, "%s.%u@%s", names->mail[given],
             person->number + 1, person->has_office_mail ? "office.example" : "post.example");
}

static void make_life(random_state *dice, uint32_t days, struct people_person *person)
{
    unsigned shares[PEOPLE_CLASSES];

    for (size_t i = 0; i < PEOPLE_CLASSES; i++)
        shares[i] = CLASSES[i].share;
    person->class = (uint8_t)dice_weighted(dice, shares, PEOPLE_CLASSES);
    person->comes_on = -1;
    person->stops_on = INT32_MAX;
    if (person->class == PEOPLE_NEW) /* a third of them after the history */
        person->comes_on = (int32_t)random_below(dice, (uint64_t)days * 3 / 2 + 1);
    if (person->class == PEOPLE_LAPSING)
        person->stops_on = (int32_t)random_below(dice, (uint64_t)days * 3 / 4 + 1);
    person->is_registered = person->class != PEOPLE_NEW;
}

void people_make(uint64_t seed, uint32_t number, uint32_t days, struct people_person *out_person)
{
    random_state dice = dice_for(seed, number, 0, PURPOSE);
    struct people_person *person = out_person;
    bool is_apple;

    *person = (struct people_person){.number = number, .called_on = -1};
    make_tastes(&dice, person->tastes);
    make_home(&dice, person);
    make_name(&dice, person);
    make_life(&dice, days, person);
    person->age = (uint8_t)(18 + random_below(&dice, 20) + random_below(&dice, 40));
    person->education = (uint8_t)random_below(&dice, COUNT(EDUCATIONS));
    person->occupation = (uint8_t)random_below(&dice, COUNT(OCCUPATIONS));
    person->has_phone = random_chance(&dice, 0.85);
    person->has_computer = !person->has_phone || random_chance(&dice, 0.55);
    is_apple = random_chance(&dice, 0.4);
    devices_make(&dice, DEVICES_PHONE, is_apple, &person->devices[DEVICES_PHONE]);
    devices_make(&dice, DEVICES_COMPUTER, is_apple, &person->devices[DEVICES_COMPUTER]);
    person->allows_analytics = random_chance(&dice, 0.88);
    person->allows_marketing = random_chance(&dice, 0.6);
    person->is_target = person->age <= 35 && person->education == COUNT(EDUCATIONS) - 1 &&
                        person->has_phone && person->has_computer &&
                        person->shop_m > PLACES_NO_SHOP_M;
}

double people_rate(const struct people_person *person, int32_t day)
{
    double rate = CLASSES[person->class].rate;

    if (day < person->comes_on)
        return 0;
    return day >= person->stops_on ? rate / 40 : rate;
}

double people_intent(const struct people_person *person)
{
    return CLASSES[person->class].intent * (person->is_target ? 2.2 : 1);
}
