// What has the focus can go away: a row leaves its list, or a dialog closes that was opened from a menu. Browsers then focus
// nothing, and the next Tab begins at the top of the page. This moves the focus to the nearest element that is left.

/** What opens over the page, and gives the focus back to it. */
const OVER_PAGE = '[role="dialog"], .mantine-Notifications-root';
const SURROUNDINGS = 'section, [role="tabpanel"], [role="dialog"], main';
/** Dialogs give the focus back by themselves after 10 ms, if that is possible. */
const PAUSE_MILLISECONDS = 60;

/** Where the focus was last, over the page and on it: the element, then what surrounds it, from near to far. */
const places: Record<"over" | "page", readonly HTMLElement[]> = { over: [], page: [] };

/** Keeps the focus on the page until the returned function is called. */
export function keepFocus(): () => void {
  let timer = 0;
  const observer = new MutationObserver(() => {
    if (document.activeElement !== document.body) return;
    clearTimeout(timer);
    timer = window.setTimeout(restoreFocus, PAUSE_MILLISECONDS);
  });
  observer.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("focusin", noteFocus);
  document.addEventListener("pointerdown", forgetFocus, { capture: true });
  return () => {
    clearTimeout(timer);
    observer.disconnect();
    document.removeEventListener("focusin", noteFocus);
    document.removeEventListener("pointerdown", forgetFocus, { capture: true });
  };
}

function noteFocus({ target }: FocusEvent): void {
  if (!(target instanceof HTMLElement)) return;
  places.over = [];
  places[layerOf(target)] = [openerOf(target), ...surroundingsOf(target)];
}

/** A click beside all fields and buttons takes the focus away on purpose. One on a field or a button is noted after this. */
function forgetFocus({ target }: PointerEvent): void {
  if (target instanceof HTMLElement) places[layerOf(target)] = [];
}

function restoreFocus(): void {
  const all = [...places.over, ...places.page];
  if (document.activeElement !== document.body || all[0]?.isConnected !== false) return;
  const place = all.find((element) => element.isConnected && element.checkVisibility() && !element.matches(":disabled"));
  if (place === undefined) return;
  const focusable = place.tabIndex >= 0 || place.hasAttribute("tabindex");
  if (!focusable) {
    place.tabIndex = -1;
    place.addEventListener("blur", () => place.removeAttribute("tabindex"), { once: true });
  }
  place.focus({ preventScroll: place.tabIndex < 0 });
}

function layerOf(element: HTMLElement): keyof typeof places {
  return element.closest(OVER_PAGE) === null ? "page" : "over";
}

/** Return the button of a menu for what is in the menu, because the menu closes with each choice. */
function openerOf(element: HTMLElement): HTMLElement {
  const opener = element.closest('[role="menu"]')?.getAttribute("aria-labelledby");
  return (opener == null ? null : document.getElementById(opener)) ?? element;
}

function surroundingsOf(element: HTMLElement): HTMLElement[] {
  const surroundings: HTMLElement[] = [];
  for (let around = element.parentElement; around !== null; around = around.parentElement) {
    if (around.matches(SURROUNDINGS)) surroundings.push(around);
  }
  return surroundings;
}
