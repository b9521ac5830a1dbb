/** A screen is a path below `/console`, and its filters are query parameters. */

export const ROOT = "/console";

export interface Place {
  /** The segments below `/console`, decoded. The first names the screen. */
  path: string[];
  query: URLSearchParams;
}

export function place(): Place {
  const segments = location.pathname.slice(ROOT.length).split("/");
  return {
    path: segments.filter((segment) => segment !== "").map(decodeURIComponent),
    query: new URLSearchParams(location.search),
  };
}

/** The address of a screen. A parameter without a value is left out. */
export function to(path: string[], query: Record<string, string | null | undefined> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value) {
      parameters.set(name, value);
    }
  }
  const text = parameters.toString();
  const address = [ROOT, ...path.map(encodeURIComponent)].join("/");
  return text === "" ? address : `${address}?${text}`;
}

export const MOVED = "console-moved";

export function go(address: string): void {
  history.pushState(null, "", address);
  window.dispatchEvent(new Event(MOVED));
}

/** Follows links within the console without loading the page again. */
export function listen(): void {
  window.addEventListener("popstate", () => window.dispatchEvent(new Event(MOVED)));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a");
    if (
      !link ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey ||
      link.target !== "" ||
      link.hasAttribute("download") ||
      link.origin !== location.origin ||
      (link.pathname !== ROOT && !link.pathname.startsWith(`${ROOT}/`))
    ) {
      return;
    }
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
