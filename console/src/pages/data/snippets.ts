/* snippets.ts - what a site needs to connect, with this server's own address and a key in its place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
export const KEY = 'WRITE_KEY';

export function scriptTag(host: string, key: string): string {
    return [
        '<script>window.myriad = function () { (myriad.q = myriad.q || []).push(arguments) }</script>',
        `<script defer src="${host}/m.full.js" data-key="${key}"></script>`,
    ].join('\n');
}

export function segmentNode(host: string, key: string): string {
    return [
        "import { Analytics } from '@segment/analytics-node';",
        '',
        'const analytics = new Analytics({',
        `    writeKey: '${key}',`,
        `    host: '${host}',`,
        '});',
        "analytics.track({ userId: 'u-1', event: 'Order Completed', properties: { revenue: 42, currency: 'EUR' } });",
    ].join('\n');
}

export function curl(host: string, key: string): string {
    return [
        `curl -u ${key}: ${host}/v1/track \\`,
        "    -H 'Content-Type: application/json' \\",
        `    -d '{"anonymousId": "me", "event": "Hello", "properties": {"from": "curl"}}'`,
    ].join('\n');
}

/** Other makers' trackers that work with the host changed: where they send to, and where the key goes. */
export function dialects(host: string): { name: string; to: string; key: string }[] {
    return [
        { name: 'Segment', to: `${host}/v1`, key: 'writeKey' },
        { name: 'RudderStack', to: host, key: 'writeKey' },
        { name: 'Matomo', to: `${host}/matomo.php`, key: 'token_auth' },
        { name: 'Plausible', to: `${host}/api/event`, key: '' },
        { name: 'PostHog', to: host, key: 'api_key' },
        { name: 'Umami', to: `${host}/api/send`, key: '' },
        { name: 'Snowplow', to: host, key: '' },
        { name: 'Google Analytics 4, gtag.js', to: `${host}/g/collect`, key: '' },
        { name: 'Google Analytics 4, Measurement Protocol', to: `${host}/mp/collect`, key: 'api_secret' },
        { name: 'CloudEvents 1.0', to: `${host}/cloudevents`, key: 'Authorization: Basic' },
    ];
}
