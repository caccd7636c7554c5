/* module.js - what the parts of the full script share; likes, shares and follows; hooks for consent.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *   <script defer src="https://HOST/m.full.js" data-key="WRITE KEY"></script>
 *
 * This and the other parts are joined into core.js's function, whose names they use.
 * data-capture="clicks outbound files scroll forms vitals errors social": only these; without it all.
 * Nothing below data-myriad-private is looked at.
 */
  const wanted = option("capture");
  const captures = (name) => wanted === null || wanted.split(/[\s,]+/).includes(name);
  /* A page's own listeners can neither hide what happens nor be disturbed by what is made of it. */
  const listen = (target, names, see) => {
    for (const name of names.split(" "))
      target.addEventListener(name, (event) => {
        try { see(event); } catch { /* a page never fails for what is told of it */ }
      }, { capture: true, passive: true });
  };
  const find = (event, selector) => event.composedPath().find((part) => part.matches && part.matches(selector));
  const isPrivate = (event) => find(event, "[data-myriad-private]");
  const track = (event, properties) => calls.track(event, properties);

  /* Of texts and addresses, what is a person's is left out: mail addresses, long numbers, all of a query. */
  const MOST_READ = 2000; /* characters of any text, which may be of any length */
  const impersonal = (text) => text.slice(0, MOST_READ).replace(/[^\s/<("']*(@|%40)[^\s/>)"']*/gi, "*");
  const clean = (text, most) =>
    impersonal(text.slice(0, MOST_READ).replace(/\s+/g, " ").trim()).replace(/\+?(\d[ ().-]?){7,}/g, "*").slice(0, most) || undefined;
  const address = (href) => {
    try {
      const at = new URL(href, d.baseURI);
      return /^http/.test(at.protocol) ? impersonal(at.origin + at.pathname) : at.protocol;
    } catch { return undefined; }
  };

  /* What is to be told of a view at its latest. */
  const endings = [];
  const end = () => { for (const ending of endings) ending(); };
  const view = calls.page;
  calls.page = (name, properties) => {
    end();
    view(name, properties);
  };
  parts.push(() => listen(w, "pagehide", end));

  const SOCIAL = {
    like: "Liked", unlike: "Unliked", dislike: "Disliked", share: "Shared", follow: "Followed",
    unfollow: "Unfollowed", comment: "Commented",
  };
  for (const [verb, event] of Object.entries(SOCIAL))
    calls[verb] = (target, network, properties) => {
      const isNamed = typeof network === "string";
      const canonical = d.querySelector("link[rel=canonical]");
      track(event, Object.assign({}, isNamed ? properties : network, {
        target: target || address(canonical ? canonical.href : location.href),
        network: isNamed ? network : undefined,
      }));
    };
  /* True if the click was on a part that is marked as one to like and so on. */
  const seeSocial = (event) => {
    const verb = Object.keys(SOCIAL).find((verb) => find(event, `[data-myriad-${verb}]`));
    if (!verb || !captures("social")) return false;
    const part = find(event, `[data-myriad-${verb}]`);
    /* Who presses what is pressed takes it back. */
    const isBack = part.getAttribute("aria-pressed") === "true" && calls["un" + verb];
    calls[isBack ? "un" + verb : verb](part.getAttribute("data-myriad-" + verb),
      part.getAttribute("data-myriad-network") || undefined);
    return true;
  };

  /* A banner says myriad("consent", true), or has data-myriad-consent="grant" on a button; asked
   * without a word it is what was said, undefined while nothing was. */
  const decide = calls.consent;
  calls.consent = (yes) => {
    if (yes !== undefined) {
      decide(yes);
      changed();
      d.dispatchEvent(new CustomEvent("myriad:consent", { detail: kept.c }));
    }
    return kept.c;
  };
  const seeConsent = (event) => {
    const part = find(event, "[data-myriad-consent]");
    if (part) calls.consent(part.getAttribute("data-myriad-consent") === "grant");
    return part;
  };
  /* Said in another tab. */
  parts.push(() => listen(w, "storage", (event) => {
    if (event.key !== KEPT && event.key !== null) return;
    kept = JSON.parse(event.newValue) || {};
    if (kept.c === false) waiting = [];
    changed();
  }));
