/* words.svelte.ts - what the console says, in the reader's language, and how it writes figures.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * words/LANGUAGE/PART.json holds messages in ICU's syntax under keys "part.name". A language is
 * loaded whole before the first view. The pseudo language "xx" is English that shows what was
 * never translated, and breaks what has no room: only tests ask for it.
 */
import { IntlMessageFormat } from 'intl-messageformat';
import { choosingOf, isolated } from './apart';

export const languages = { en: 'English', zh: '中文', ar: 'العربية' } as const;
export type Language = keyof typeof languages | 'xx';
type Words = Record<string, string>;

const parts = import.meta.glob<Words>('../words/*/*.json', { import: 'default' });

/** Locales of Intl. Arabic with the digits that are used in business around the world; the pseudo
 * language writes dates as Greeks do, so that a Latin letter without its mark is no message's. */
const locales: Record<Language, string> = { en: 'en', zh: 'zh-CN', ar: 'ar-u-nu-latn', xx: 'el' };

const state = $state({ language: 'en' as Language });
let words: Words = {};
let compiled = new Map<string, Message>();

interface Message {
    format: IntlMessageFormat;
    /** Values by which it chooses its words: they are no text. */
    choosing: Set<string>;
}

/* At even depths of braces stands text, at odd ones the syntax of an argument. */
function pseudo(text: string): string {
    let depth = 0;
    let out = '';
    for (const c of text) {
        if (c === '{') depth++;
        out += depth % 2 === 0 && /[a-z]/i.test(c) ? c + '\u0301' : c;
        if (c === '}') depth--;
    }
    return `⟦${out}⟧`;
}

function wished(): Language {
    const chosen = localStorage.getItem('language') ?? '';
    for (const tag of [chosen, ...navigator.languages]) {
        const language = tag.split('-')[0].toLowerCase();
        if (language in languages || (language === 'xx' && tag === chosen)) return language as Language;
    }
    return 'en';
}

async function load(language: Language): Promise<Words> {
    const folder = `../words/${language === 'xx' ? 'en' : language}/`;
    const found = Object.entries(parts).filter(([path]) => path.startsWith(folder));
    const all: Words = Object.assign({}, ...(await Promise.all(found.map(([, get]) => get()))));
    if (language === 'xx') for (const key in all) all[key] = pseudo(all[key]);
    return all;
}

export async function speak(language: Language = wished()) {
    words = await load(language);
    compiled = new Map();
    formats.clear();
    state.language = language;
    document.documentElement.lang = language === 'zh' ? 'zh-Hans' : language === 'xx' ? 'en' : language;
    document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
}

export async function chooseLanguage(language: Language) {
    localStorage.setItem('language', language);
    await speak(language);
}

export const tongue = {
    get language() {
        return state.language;
    },
    get locale() {
        return locales[state.language];
    },
    get isRightToLeft() {
        return state.language === 'ar';
    },
};

/** The message `key` with its values; a missing one shows its key, which a test finds. */
export function t(key: string, values: Record<string, string | number> = {}): string {
    const locale = locales[state.language]; /* read: whoever shows a message follows the language */
    let message = compiled.get(key);
    if (!message) {
        const text = words[key];
        if (text === undefined) return key;
        const format = new IntlMessageFormat(text, locale, undefined, { ignoreTag: true });
        message = { format, choosing: new Set(choosingOf(format.getAst())) };
        compiled.set(key, message);
    }
    const isIsolating = state.language === 'ar' || state.language === 'xx';
    return message.format.format(isIsolating ? isolated(values, message.choosing) : values) as string;
}

/** Is there such a message? For names that the server gives, as roles and reasons. */
export function has(key: string): boolean {
    return state.language !== undefined && key in words;
}

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
    name: string,
    make: (locale: string) => T,
): T {
    const key = `${state.language} ${name}`;
    let format = formats.get(key) as T | undefined;
    if (!format) formats.set(key, (format = make(locales[state.language])));
    return format;
}

export function number(value: number, digits = 0): string {
    return kept(`n${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits })).format(value);
}

/** 1.2K in the reader's way; for axes and narrow places. */
export function short(value: number): string {
    return kept('short', (l) => new Intl.NumberFormat(l, { notation: 'compact', maximumFractionDigits: 1 })).format(
        value,
    );
}

/** A share of 1. */
export function percent(share: number, digits = 1): string {
    return kept(
        `p${digits}`,
        (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: digits }),
    ).format(share);
}

/** With its sign: +8 %. */
export function changed(share: number): string {
    return kept(
        'change',
        (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }),
    ).format(share);
}

/** Exact decimal text of the server with its currency; `whole`: without cents. */
export function money(value: string | number, currency: string, whole = false): string {
    return kept(
        `m${currency}${whole}`,
        (l) =>
            new Intl.NumberFormat(l, {
                style: 'currency',
                currency,
                currencyDisplay: 'narrowSymbol',
                ...(whole && { maximumFractionDigits: 0 }),
            }),
    ).format(Number(value));
}

/** 1 m 24 s */
export function duration(ms: number): string {
    const s = Math.round(ms / 1000);
    const unit = (value: number, name: string) =>
        kept(
            `u${name}`,
            (l) => new Intl.NumberFormat(l, { style: 'unit', unit: name, unitDisplay: 'narrow' }),
        ).format(value);
    if (ms > 0 && ms < 1000) return unit(Math.round(ms), 'millisecond');
    if (s < 60) return unit(s, 'second');
    const both = (much: string, little: string, rest: number) => (rest ? `${much} ${little}` : much);
    if (s < 3600) return both(unit(Math.floor(s / 60), 'minute'), unit(s % 60, 'second'), s % 60);
    const minutes = Math.floor((s % 3600) / 60);
    if (s < 172800) return both(unit(Math.floor(s / 3600), 'hour'), unit(minutes, 'minute'), minutes);
    return unit(Math.round(s / 86400), 'day');
}

/** "7 days"; `unit` as Intl names it. */
export function amountOf(amount: number, unit: 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month'): string {
    return kept(`l${unit}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'long' })).format(
        amount,
    );
}

export function dateTime(time: string | number | Date, options: Intl.DateTimeFormatOptions): string {
    return kept(JSON.stringify(options), (l) => new Intl.DateTimeFormat(l, options)).format(new Date(time));
}

/** "3 minutes ago" of a moment. */
export function ago(time: string | number | Date, now: number): string {
    const s = Math.round((new Date(time).getTime() - now) / 1000);
    const format = kept('ago', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto', style: 'short' }));
    if (s > -60) return format.format(Math.min(s, 0), 'second');
    if (s > -3600) return format.format(Math.trunc(s / 60), 'minute');
    if (s > -86400) return format.format(Math.trunc(s / 3600), 'hour');
    return format.format(Math.trunc(s / 86400), 'day');
}

/** "FR" as the reader calls it; what is no region stays. */
export function region(code: string): string {
    try {
        return new Intl.DisplayNames([locales[state.language]], { type: 'region' }).of(code) ?? code;
    } catch {
        return code;
    }
}

/** "EUR" as the reader calls it. */
export function currencyName(code: string): string {
    return new Intl.DisplayNames([locales[state.language]], { type: 'currency' }).of(code) ?? code;
}

/** "a, b and c" */
export function listed(items: string[]): string {
    return new Intl.ListFormat(locales[state.language], { type: 'conjunction' }).format(items);
}
