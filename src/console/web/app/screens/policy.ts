import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Problem, send, url } from "../api";
import { count, empty, field, money, number, problemView, table } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { moment } from "../time";
import type { Outcome, Policy, WhatIf } from "../types";

interface Data {
  policy: Policy;
  etag: string | null;
}

/** The members that have a field of their own; all others are changed in the JSON beside it. */
const CHOICES: [string, string, string[]][] = [
  ["mode", "Mode", ["hard_gate", "soft_gate", "actuals_only", "advisory_estimate"]],
  ["on_ledger_outage", "During an outage", ["fail_closed", "fail_open"]],
  ["runs_without_id", "Asks without a run", ["per_call", "per_key_and_day", "refuse"]],
  ["auto_service_tier", "Service tier auto", ["dearest", "default"]],
];

const TEXTS: [string, string, string][] = [
  ["default_run_limit_usd", "Limit of a run in USD", ""],
  ["time_zone", "Time zone", "Where days and months begin"],
  ["block_status", "Status of a block", "400 to 499"],
  ["reservation_ttl_seconds", "Life of a hold in seconds", "1 to 3,600"],
  ["run_ttl_seconds", "Life of an idle run in seconds", ""],
  ["retention_days", "Days that decisions are kept", "15 to 3,650"],
];

const NUMBERS = new Set(["block_status", "reservation_ttl_seconds", "run_ttl_seconds", "retention_days"]);

@customElement("ba-policy")
export class PolicyScreen extends Screen<Data> {
  readonly heading = "Policy";
  /** What is being written is not overwritten by what was read. */
  protected override readonly pause = 0;
  @state() private json: string | undefined;
  @state() private refused: Problem | undefined;
  @state() private done = "";
  @state() private comparison: WhatIf | undefined;

  protected async load(signal: AbortSignal): Promise<Data> {
    const answer = await send<Policy>("/budget/policy", { signal });
    return { policy: answer.body, etag: answer.etag };
  }

  protected view(data: Data): TemplateResult {
    const text = this.json ?? written(data.policy);
    const draft = parsed(text) ?? data.policy;
    const admin = this.caller.role === "admin";
    return html`
      ${data.policy.warnings.length === 0
        ? nothing
        : html`<div class="problem">
            <strong>Warnings</strong>
            <ul>
              ${data.policy.warnings.map((warning) => html`<li>${warning}</li>`)}
            </ul>
          </div>`}
      ${this.refused ? problemView(this.refused) : nothing}
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      <form class="policy" @submit=${(event: SubmitEvent) => this.save(event, data)}>
        <div>
          ${CHOICES.map(([name, label, values]) =>
            field(
              label,
              (id) => html`<select id=${id} ?disabled=${!admin} @change=${(event: Event) => this.set(draft, name, value(event))}>
                ${values.map((it) => html`<option ?selected=${draft[name] === it}>${it}</option>`)}
              </select>`,
            ),
          )}
          ${TEXTS.map(([name, label, hint]) =>
            field(
              label,
              (id) => html`<input id=${id}
                ?disabled=${!admin}
                .value=${String(draft[name] ?? "")}
                @change=${(event: Event) =>
                  this.set(draft, name, NUMBERS.has(name) ? Number.parseInt(value(event), 10) : value(event))}
              />`,
              hint,
            ),
          )}
        </div>
        <div>
          ${field(
            "The policy as JSON",
            (id) => html`<textarea id=${id}
              rows="28"
              spellcheck="false"
              ?readonly=${!admin}
              .value=${text}
              @input=${(event: Event) => (this.json = value(event))}
            ></textarea>`,
          )}
        </div>
        ${admin
          ? html`<div class="buttons">
              <button>Save</button>
              <button type="button" class="second" @click=${() => this.compare(data)}>What if?</button>
              <button type="button" class="second" @click=${() => (this.json = undefined)}>Undo</button>
            </div>`
          : html`<p class="muted">An admin's key may change the policy.</p>`}
      </form>
      ${this.comparison === undefined ? nothing : compared(this.comparison)}
    `;
  }

  /** What the policy on the screen would have decided about the asks of the last week. */
  private async compare(data: Data): Promise<void> {
    this.refused = undefined;
    this.done = "";
    const body = parsed(this.json ?? written(data.policy));
    if (body === undefined) {
      this.refused = notJson();
      return;
    }
    const from = new Date(Date.now() - 7 * 24 * 3_600_000).toISOString();
    try {
      const answer = await send<WhatIf>(url("/budget/policy/what-if", { from }), {
        method: "POST",
        body,
      });
      this.comparison = answer.body;
    } catch (error) {
      this.refused = error as Problem;
    }
  }

  private set(draft: Policy, name: string, to: string | number): void {
    this.json = written({ ...draft, [name]: to });
  }

  private async save(event: SubmitEvent, data: Data): Promise<void> {
    event.preventDefault();
    this.refused = undefined;
    this.done = "";
    const body = parsed(this.json ?? written(data.policy));
    if (body === undefined) {
      this.refused = notJson();
      return;
    }
    try {
      await send("/budget/policy", { method: "PUT", body, ifMatch: data.etag });
    } catch (error) {
      this.refused = error as Problem;
      return;
    }
    this.json = undefined;
    this.done = "The policy is saved. It is in force within 5 s.";
    await this.reload();
  }
}

function notJson(): Problem {
  return new Problem(400, "invalid_request", "Not JSON", "The policy is not a JSON object.");
}

function compared(comparison: WhatIf): TemplateResult {
  const outcomes = [...new Set([...Object.keys(comparison.was), ...Object.keys(comparison.would_be)])];
  return html`<section aria-labelledby="what-if">
    <h2 id="what-if">What this policy would have decided</h2>
    ${comparison.read === 0
      ? empty("No ask of the last week can be decided again.")
      : html`<p role="status">
            ${count(comparison.differences)} of ${count(comparison.read)} decisions would be another.
            ${comparison.complete ? "These are all of the last week." : "These are the newest of the last week."}
            Each is judged by the balances that it saw and by today's prices.
          </p>
          ${table(
            "Decisions by outcome",
            ["Outcome", number("Was"), number("Would be")],
            outcomes.map(
              (outcome) => html`<tr>
                <th scope="row">${outcome.replaceAll("_", " ")}</th>
                <td class="number">${count(comparison.was[outcome] ?? 0)}</td>
                <td class="number">${count(comparison.would_be[outcome] ?? 0)}</td>
              </tr>`,
            ),
            "Outcomes",
          )}`}
    ${comparison.items.length === 0
      ? nothing
      : table(
          "The newest decisions that would be another",
          ["Decision", "Was", "Would be"],
          comparison.items.map(
            (item) => html`<tr>
              <td><a href=${to(["decisions", item.decision_id])}>${moment(item.created_at)}</a></td>
              <td>${words(item.was)}</td>
              <td>${words(item.would_be)}</td>
            </tr>`,
          ),
          "Differences",
        )}
  </section>`;
}

function words(outcome: Outcome): TemplateResult {
  return html`${(outcome.code ?? outcome.decision).replaceAll("_", " ")}, ${outcome.model ?? "no model"},
  ${money(outcome.estimate_usd)}`;
}

function value(event: Event): string {
  return (event.target as HTMLInputElement).value;
}

/** The policy without what only an answer has. */
function written(policy: Policy): string {
  const { warnings: _, ...rest } = policy as Policy & { warnings?: string[] };
  return JSON.stringify(rest, null, 2);
}

function parsed(text: string): Policy | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null && !Array.isArray(read)
      ? (read as Policy)
      : undefined;
  } catch {
    return undefined;
  }
}
