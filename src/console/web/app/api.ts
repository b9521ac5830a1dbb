/** Calls the HTTP API with the key that the person entered. */

/** The problem document of an answer that is not a success (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    detail: string,
    readonly errors: { pointer: string; reason: string }[] = [],
    readonly retryAfterSeconds?: number,
  ) {
    super(detail);
  }
}

/** The key is kept for the tab, and is in no URL. */
const STORED = "budget-authority.key";
let key = sessionStorage.getItem(STORED) ?? "";

export const session = {
  get isOpen(): boolean {
    return key !== "";
  },
  open(secret: string): void {
    key = secret;
    sessionStorage.setItem(STORED, secret);
  },
  close(): void {
    key = "";
    sessionStorage.removeItem(STORED);
  },
};

/** A fresh idempotency key. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

export type Query = Record<string, string | number | null | undefined>;

/** A path with its parameters. A parameter without a value is left out. */
export function url(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") {
      parameters.set(name, String(value));
    }
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

export interface Answer<T> {
  body: T;
  etag: string | null;
}

interface Sent {
  method?: string;
  body?: unknown;
  ifMatch?: string | null;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** Sends a request and reads its JSON. Anything but a success is thrown as a [Problem]. */
export async function send<T>(path: string, sent: Sent = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = {
    Accept: "application/json",
    Authorization: `Bearer ${key}`,
  };
  if (sent.body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (sent.ifMatch) {
    headers["If-Match"] = sent.ifMatch;
  }
  if (sent.idempotencyKey) {
    headers["Idempotency-Key"] = sent.idempotencyKey;
  }
  let response: Response;
  try {
    response = await fetch(path, {
      method: sent.method ?? "GET",
      headers,
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      ...(sent.signal ? { signal: sent.signal } : {}),
      cache: "no-store",
    });
  } catch (error) {
    if (sent.signal?.aborted) {
      throw error;
    }
    throw new Problem(0, "no_answer", "No answer", "The service does not answer.");
  }
  const text = await response.text();
  let body: unknown;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    body = null;
  }
  if (!response.ok) {
    throw problem(response, body);
  }
  return { body: body as T, etag: response.headers.get("ETag") };
}

function problem(response: Response, body: unknown): Problem {
  const document = (body ?? {}) as Partial<{
    code: string;
    title: string;
    detail: string;
    errors: { pointer: string; reason: string }[];
  }>;
  const retry = response.headers.get("Retry-After");
  return new Problem(
    response.status,
    document.code ?? "unknown",
    document.title ?? `Status ${response.status}`,
    document.detail ?? `The service answered with status ${response.status}.`,
    document.errors ?? [],
    retry === null ? undefined : Number.parseInt(retry, 10),
  );
}

/** The body of a `GET`. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await send<T>(url(path, query), signal ? { signal } : {})).body;
}

/** The text of a download, with the `Accept` that its form needs. */
export async function download(path: string, query: Query): Promise<Blob> {
  const response = await fetch(url(path, query), {
    headers: { Accept: "text/csv", Authorization: `Bearer ${key}` },
  });
  if (!response.ok) {
    throw problem(response, await response.json().catch(() => null));
  }
  return response.blob();
}
