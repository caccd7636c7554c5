/* capture.js - clicks, outbound links, files, scrolling, forms and errors, told without a word of the page's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
  const FILES = (option("files") || "7z apk avi bz2 csv deb dmg doc docx epub exe gz ics iso jar key m4a mid " +
    "mov mp3 mp4 mpeg mpg msi odp ods odt pages pdf pkg pps ppt pptx rar rpm rtf svgz tar tgz txt wav webm wma " +
    "wmv xls xlsx xml xz zip").split(/[\s,]+/);
  const PRESSED = "a[href],area[href],button,summary,[role=button],[role=link],[role=menuitem],[role=tab]," +
    "input[type=button],input[type=submit],input[type=reset],input[type=image]";
  const FIELDS = "input,select,textarea,[contenteditable]";

  /* What can be read on it; what somebody wrote into it never. */
  const label = (part) => {
    const isWritten = part.isContentEditable || part.matches(FIELDS) || part.querySelector(FIELDS);
    return clean((!isWritten && part.innerText) || part.getAttribute("aria-label") || "", 80);
  };
  const seeLink = (part, href, text) => {
    const at = new URL(href, d.baseURI);
    const file = part.getAttribute("download") || at.pathname.split("/").pop();
    const extension = (/\.(\w+)$/.exec(file) || [])[1];
    const isWeb = /^http/.test(at.protocol);
    const url = address(href);
    if (captures("files") && (part.hasAttribute("download") ||
      (isWeb && extension && FILES.includes(extension.toLowerCase()))))
      track("Download", { url, file: impersonal(file), extension, text });
    else if (captures("outbound") && isWeb && at.hostname !== location.hostname)
      track("Outlink", { url, domain: at.hostname, text });
    else return false;
    return true;
  };
  const seeClick = (event) => {
    if (isPrivate(event) || event.button > 1 || seeConsent(event) || seeSocial(event)) return;
    const part = find(event, PRESSED);
    if (!part || find(event, "[data-event],:disabled")) return;
    const href = part.getAttribute("href");
    const text = label(part);
    if (href !== null && seeLink(part, href, text)) return;
    if (captures("clicks") && (!event.button || href !== null))
      track("Click", {
        tag: part.localName, id: part.getAttribute("id") || undefined, text,
        url: href === null ? undefined : address(href),
      });
  };
  parts.push(() => listen(d, "click auxclick", seeClick));

  const DEPTHS = [25, 50, 75, 90, 100];
  let depth = 0; /* told of this view */
  let isScrolling = 0;
  const measure = (part) => {
    isScrolling = 0;
    const reached = ((part.scrollTop + part.clientHeight + 1) / part.scrollHeight) * 100;
    for (const step of DEPTHS)
      if (step > depth && step <= reached) track("Page Scrolled", { depth: depth = step });
  };
  const seeScroll = (event) => {
    const part = event.target === d ? d.scrollingElement : event.target;
    if (part.clientHeight * 2 < w.innerHeight || isScrolling) return; /* a part's own, not the page's */
    isScrolling = setTimeout(() => measure(part), 200);
  };
  if (captures("scroll")) {
    endings.push(() => { isScrolling = clearTimeout(isScrolling); depth = 0; });
    parts.push(() => listen(d, "scroll", seeScroll));
  }

  const MOST_FIELDS = 50;
  const started = new Map(); /* forms, and the names of fields that were touched */
  const tellForm = (event, form, names) => track(event, {
    form_id: form.getAttribute("id") || undefined,
    form_name: form.getAttribute("name") || undefined,
    form_action: form.hasAttribute("action") ? address(form.getAttribute("action")) : undefined,
    fields: [...names],
  });
  const seeField = (event) => {
    const field = event.composedPath()[0];
    const form = field.form;
    if (!form || isPrivate(event)) return;
    const name = clean(field.getAttribute("name") || field.getAttribute("id") || field.type, 60);
    const names = started.get(form) || new Set();
    if (names.size < MOST_FIELDS) names.add(name);
    if (started.has(form)) return;
    started.set(form, names);
    tellForm("Form Started", form, names);
  };
  const seeSubmit = (event) => {
    const form = event.composedPath()[0];
    if (isPrivate(event)) return;
    tellForm("Form Submitted", form, started.get(form) || []);
    started.delete(form);
  };
  if (captures("forms")) {
    endings.push(() => {
      for (const [form, names] of started) tellForm("Form Abandoned", form, names);
      started.clear();
    });
    parts.push(() => {
      listen(d, "input change", seeField);
      listen(d, "submit", seeSubmit);
    });
  }

  const MOST_ERRORS = 10;
  const errors = new Set(); /* told of this view */
  const seeError = (event) => {
    if (errors.size === MOST_ERRORS) return;
    const error = event.error || event.reason;
    const message = event.message || (error && error.message) || error;
    const source = event.filename && address(event.filename);
    if (!message || /^\w+-extension:/.test(source)) return; /* parts that did not load; what is not the page's */
    const told = {
      message: clean(String(message), 300), error_type: error && error.name, source,
      line: event.lineno || undefined, column: event.colno || undefined,
    };
    const name = JSON.stringify(told);
    if (errors.has(name)) return;
    errors.add(name);
    track("Error", told);
  };
  if (captures("errors")) {
    endings.push(() => errors.clear());
    parts.push(() => listen(w, "error unhandledrejection", seeError));
  }
