import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { get } from "../api";
import { decisionTable, empty, field, more } from "../parts";
import { go, to } from "../router";
import { Screen } from "../screen";
import type { Decision, Page } from "../types";

const FILTERS = ["outcome", "user_id", "key_id", "run_id", "model", "code", "from", "to"] as const;

@customElement("ba-decisions")
export class Decisions extends Screen<Page<Decision>> {
  readonly heading = "Decisions";

  private stated(): Record<string, string | null> {
    return Object.fromEntries(FILTERS.map((name) => [name, this.place.query.get(name)]));
  }

  protected load(signal: AbortSignal): Promise<Page<Decision>> {
    return get<Page<Decision>>(
      "/budget/decisions",
      { ...this.stated(), after: this.place.query.get("after"), limit: 50 },
      signal,
    );
  }

  protected view(data: Page<Decision>): TemplateResult {
    const { query } = this.place;
    const input =
      (name: string, placeholder = "") =>
      (id: string): TemplateResult => html`<input id=${id} name=${name} placeholder=${placeholder} .value=${query.get(name) ?? ""} />`;
    return html`
      <form class="filters" @submit=${this.filter}>
        ${field(
          "Outcome",
          (id) => html`<select id=${id} name="outcome">
            ${["all", "passed", "refused", "open"].map(
              (outcome) => html`<option ?selected=${query.get("outcome") === outcome}>${outcome}</option>`,
            )}
          </select>`,
        )}
        ${field("User", input("user_id"))} ${field("Key", input("key_id"))}
        ${field("Run", input("run_id"))} ${field("Model", input("model"))}
        ${field("From", input("from", "2026-11-24T10:00:00Z"))} ${field("To", input("to"))}
        <button>Show</button>
      </form>
      ${data.items.length === 0
        ? empty("No decision fits. Without a time, the last day is searched.")
        : decisionTable(data.items, "Decisions, the newest first, about a second behind the ledger")}
      ${more(data.next, (after) => to(["decisions"], { ...this.stated(), after }))}
    `;
  }

  private readonly filter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    go(to(["decisions"], Object.fromEntries(FILTERS.map((name) => [name, String(form.get(name) ?? "").trim()]))));
  };
}
