/* zones.ts - the time zones that can be chosen, by the names that are theirs now.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/** Browsers list these places by names of long ago, which a server's tables may no longer hold. */
const renamed: Record<string, string> = {
    'Africa/Asmera': 'Africa/Asmara',
    'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
    'America/Catamarca': 'America/Argentina/Catamarca',
    'America/Coral_Harbour': 'America/Atikokan',
    'America/Cordoba': 'America/Argentina/Cordoba',
    'America/Godthab': 'America/Nuuk',
    'America/Indianapolis': 'America/Indiana/Indianapolis',
    'America/Jujuy': 'America/Argentina/Jujuy',
    'America/Louisville': 'America/Kentucky/Louisville',
    'America/Mendoza': 'America/Argentina/Mendoza',
    'Asia/Calcutta': 'Asia/Kolkata',
    'Asia/Katmandu': 'Asia/Kathmandu',
    'Asia/Rangoon': 'Asia/Yangon',
    'Asia/Saigon': 'Asia/Ho_Chi_Minh',
    'Atlantic/Faeroe': 'Atlantic/Faroe',
    'Europe/Kiev': 'Europe/Kyiv',
    'Pacific/Enderbury': 'Pacific/Kanton',
    'Pacific/Ponape': 'Pacific/Pohnpei',
    'Pacific/Truk': 'Pacific/Chuuk',
};

const known = new Map<string, boolean>();

/** Does this browser know the zone? */
export function isZone(name: string): boolean {
    let is = known.get(name);
    if (is === undefined) {
        try {
            new Intl.DateTimeFormat('en', { timeZone: name });
            is = true;
        } catch {
            is = false;
        }
        known.set(name, is);
    }
    return is;
}

/** All of them in order, and `chosen`, whatever it is. */
export function listZones(chosen: string): string[] {
    const now = (name: string) => (name in renamed && isZone(renamed[name]) ? renamed[name] : name);
    return [...new Set(['UTC', chosen, ...Intl.supportedValuesOf('timeZone').map(now)])].sort();
}
