/* commands.ts - what the palette offers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
import { goKeys } from './keys';
import { hrefOf, pages } from '~/pages';
import { end, may } from '~/lib/session.svelte';
import { chooseTheme } from '~/lib/theme';
import { chooseLanguage, languages, t, type Language } from '~/lib/words.svelte';
import { hrefOfView, listViews } from '~/lib/views';

export interface Command {
    name: string;
    keys?: string;
    href?: string;
    run?: () => void | Promise<void>;
}

export function commands(): Command[] {
    const keyOf = (page: string) => Object.keys(goKeys).find((key) => goKeys[key] === page);
    const places = pages
        .filter((page) => page.key !== 'person' && (!page.scope || may(page.scope)))
        .map((page) => {
            const key = keyOf(page.key);
            return { name: t(`page.${page.key}`), href: hrefOf(page.key), ...(key && { keys: `g ${key}` }) };
        });
    return [
        ...places,
        ...(Object.keys(languages) as Language[]).map((language) => ({
            name: `${t('frame.language')}: ${languages[language as keyof typeof languages]}`,
            run: () => chooseLanguage(language),
        })),
        ...(['system', 'light', 'dark'] as const).map((theme) => ({
            name: `${t('frame.theme')}: ${t(`theme.${theme}`)}`,
            run: () => chooseTheme(theme),
        })),
        { name: t('frame.sign_out'), run: end },
    ];
}

/** What somebody has saved; the palette works without them, too. */
commands.saved = async (): Promise<Command[]> => {
    try {
        return (await listViews()).map((view) => ({
            name: `${t(`page.${view.page}`)} · ${view.name}`,
            href: hrefOfView(view),
        }));
    } catch {
        return [];
    }
};
