import { html, LitElement, nothing, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import { Problem } from "./api";
import { problemView } from "./parts";
import type { Place } from "./router";
import type { Caller } from "./types";

const USUAL_PAUSE = 3_000;
const MAX_PAUSE = 60_000;

/**
 * A screen that reads what it shows, and reads it again from time to time. It stops while its tab
 * is hidden, and waits longer after each failure. What was read last stays on the screen.
 */
export abstract class Screen<T> extends LitElement {
  @property({ attribute: false }) place!: Place;
  @property({ attribute: false }) caller!: Caller;
  @state() protected data: T | undefined;
  @state() protected failure: Problem | undefined;

  /** How long it waits between two reads, in milliseconds; 0 for a screen that is read once. */
  protected readonly pause: number = USUAL_PAUSE;

  private timer: ReturnType<typeof setTimeout> | undefined;
  private running: AbortController | undefined;
  private failures = 0;

  /** Its name, for the heading and the title of the page. */
  abstract readonly heading: string;

  protected abstract load(signal: AbortSignal): Promise<T>;

  protected abstract view(data: T): TemplateResult;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.stop();
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (!changed.has("place")) {
      return;
    }
    const before = changed.get("place") as Place | undefined;
    if (before !== undefined && before.path.join("/") !== this.place.path.join("/")) {
      // What was read is of something else.
      this.data = undefined;
      this.failure = undefined;
    }
    void this.reload();
  }

  private readonly onVisibility = (): void => {
    if (document.hidden) {
      this.stop();
    } else {
      void this.reload();
    }
  };

  private stop(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = undefined;
  }

  /** Reads now. A read that is under way is given up. */
  async reload(): Promise<void> {
    this.stop();
    const running = new AbortController();
    this.running = running;
    try {
      const data = await this.load(running.signal);
      if (!running.signal.aborted) {
        this.data = data;
        this.failure = undefined;
        this.failures = 0;
      }
    } catch (error) {
      if (running.signal.aborted) {
        return;
      }
      this.failures++;
      this.failure =
        error instanceof Problem ? error : new Problem(0, "internal", "Fault", String(error));
      if (this.failure.status === 401) {
        this.dispatchEvent(new Event("signed-out", { bubbles: true, composed: true }));
        return;
      }
    }
    if (this.running === running && this.pause > 0 && !document.hidden) {
      const pause = Math.min(MAX_PAUSE, this.pause * 2 ** Math.min(this.failures, 6));
      this.timer = setTimeout(() => void this.reload(), pause);
    }
  }

  protected override render(): TemplateResult {
    return html`
      <h1 tabindex="-1">${this.heading}</h1>
      ${this.failure ? problemView(this.failure) : nothing}
      ${this.data === undefined
        ? this.failure
          ? nothing
          : html`<p class="loading" role="status">Loading…</p>`
        : this.view(this.data)}
    `;
  }
}
