import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { get } from "../api";
import { format, usd } from "../money";
import { count, money, number, outcome, remedies, runLink, scopeLink, table } from "../parts";
import { Screen } from "../screen";
import { moment, until } from "../time";
import type { Bill, Bills, Decision } from "../types";

interface Data {
  decision: Decision;
  bills: Bills;
}

@customElement("ba-decision")
export class DecisionScreen extends Screen<Data> {
  get heading(): string {
    return `Decision ${this.place.path[1] ?? ""}`;
  }

  protected async load(signal: AbortSignal): Promise<Data> {
    const path = `/budget/decisions/${encodeURIComponent(this.place.path[1] ?? "")}`;
    const [decision, bills] = await Promise.all([
      get<Decision>(path, {}, signal),
      get<Bills>(`${path}/bill`, {}, signal),
    ]);
    return { decision, bills };
  }

  protected view({ decision, bills }: Data): TemplateResult {
    return html`
      <div class="card">
        <p>
          ${outcome(decision)} at ${moment(decision.created_at)}, now ${decision.state}, under
          ${decision.enforcement_mode.replaceAll("_", " ")}
        </p>
        ${decision.decision === "block" ? this.why(decision) : nothing}
        <dl class="facts">
          ${fact("Run", runLink(decision.run_id))} ${fact("User", decision.user_id)}
          ${fact("Key", decision.key_id)} ${fact("Team", decision.team_id)}
          ${fact("Feature", decision.feature_id)} ${fact("Provider", decision.provider)}
          ${fact("Model asked for", decision.requested_model)}
          ${fact("Model selected", decision.selected_model)}
          ${fact("Price table", decision.price_table_version)}
          ${fact("Service tier", decision.service_tier)}
          ${decision.expires_at === null ? nothing : fact("Hold ends", until(decision.expires_at))}
        </dl>
      </div>
      <section>
        <h2>The estimate</h2>
        ${this.estimate(decision, bills)}
      </section>
      ${decision.actual_usd === null
        ? nothing
        : html`<section>
            <h2>The charge</h2>
            ${this.charge(decision, bills)}
          </section>`}
      ${decision.accounts.length === 0
        ? nothing
        : html`<section>
            <h2>Accounts as they were seen</h2>
            ${this.accounts(decision)}
          </section>`}
      ${decision.alternatives.length === 0
        ? nothing
        : html`<section>
            <h2>Alternatives</h2>
            <ul>
              ${decision.alternatives.map(
                (it) =>
                  html`<li>
                    ${it.provider} ${it.model}: at most ${money(it.estimate_usd)},
                    ${it.fits_budget ? "fits" : "does not fit"}
                  </li>`,
              )}
            </ul>
          </section>`}
    `;
  }

  /** The reason of a block, in words, and what would have let the call through. */
  private why(decision: Decision): TemplateResult {
    const blocking = decision.accounts.find((account) => account.scope === decision.blocking_scope);
    return html`<div class="problem">
      <strong>Why it was refused</strong>
      <p>${decision.block?.detail ?? decision.code?.replaceAll("_", " ")}</p>
      ${remedies(decision)}
      <p>
        ${blocking === undefined
          ? nothing
          : html`See ${scopeLink(blocking.scope, blocking.id)}, or `}<a
          href="/problems/${decision.code}"
          target="_blank"
          rel="noreferrer"
          >what ${decision.code} means</a
        >.
      </p>
    </div>`;
  }

  private estimate(decision: Decision, bills: Bills): TemplateResult {
    return html`<p>
        Input: ${count(decision.input_tokens)} tokens (${decision.input_basis ?? "unknown"}). Output: at
        most ${count(decision.effective_max_output_tokens)}
        tokens${decision.output_clamped
          ? html`, reduced from ${count(decision.client_requested_max_output_tokens)}`
          : nothing}.
        Worst case: ${money(decision.estimate_usd)}.
      </p>
      ${bills.estimate === null ? nothing : billTable(bills.estimate, "The estimate line by line")}
      ${decision.price === null ? nothing : priceTable(decision.price, "The prices of the model, in USD a token or unit")}`;
  }

  private charge(decision: Decision, bills: Bills): TemplateResult {
    return html`<p>
        ${money(decision.actual_usd)} by ${decision.usage_quality ?? "unknown"} usage at
        ${moment(decision.settled_at)}${decision.overrun_usd === null
          ? nothing
          : html`; ${money(decision.overrun_usd)} above the estimate`}${decision.unpriced_usage === null
          ? nothing
          : html`; without a price of its own: ${decision.unpriced_usage.join(", ")}`}.
      </p>
      ${bills.charge === null ? nothing : billTable(bills.charge, "The charge line by line")}
      ${decision.usage === null
        ? nothing
        : html`<p class="muted">Usage as it was reported: <code>${JSON.stringify(decision.usage)}</code></p>`}`;
  }

  private accounts(decision: Decision): TemplateResult {
    return table(
      "Each account after this decision's hold",
      [
        "Account",
        "Window",
        number("Limit"),
        number("Committed"),
        number("Held before"),
        number("Held by this"),
        number("Free after"),
      ],
      decision.accounts.map(
        (account) => html`<tr>
          <th scope="row">${scopeLink(account.scope, account.id)}</th>
          <td>${account.window}</td>
          <td class="number">${money(account.limit_usd)}</td>
          <td class="number">${money(account.committed_usd)}</td>
          <td class="number">
            ${account.reserved_usd === null
              ? "–"
              : format(usd(account.reserved_usd) - usd(account.hold_usd))}
          </td>
          <td class="number">${money(account.hold_usd)}</td>
          <td class="number">${money(account.remaining_usd)}</td>
        </tr>`,
      ),
      "Accounts",
    );
  }
}

/** The amounts are decimal strings of the service; nothing is computed here. */
function billTable(bill: Bill, caption: string): TemplateResult {
  return table(
    caption,
    ["What", number("Quantity"), number("USD for one"), number("USD")],
    html`${bill.lines.map(
      (line) => html`<tr>
        <th scope="row">${line.name.replaceAll("_", " ")}</th>
        <td class="number">${line.quantity}</td>
        <td class="number">${line.price_usd}</td>
        <td class="number">${line.amount_usd}</td>
      </tr>`,
    )}
    ${bill.multiplier === "1"
      ? nothing
      : html`<tr>
          <th scope="row">multiplier of tokens</th>
          <td></td>
          <td class="number">× ${bill.multiplier}</td>
          <td></td>
        </tr>`}
    <tr>
      <th scope="row">sum</th>
      <td></td>
      <td></td>
      <td class="number">${bill.sum_usd}</td>
    </tr>
    <tr>
      <th scope="row">rounded up to millionths</th>
      <td></td>
      <td></td>
      <td class="number">${money(bill.amount_usd)}</td>
    </tr>`,
  );
}

export function priceTable(prices: Record<string, string>, caption: string): TemplateResult {
  return table(
    caption,
    ["What", number("USD")],
    Object.entries(prices).map(
      ([name, price]) => html`<tr>
        <th scope="row">${name.replaceAll("_", " ")}</th>
        <td class="number">${price}</td>
      </tr>`,
    ),
  );
}

function fact(name: string, value: TemplateResult | string | null): TemplateResult {
  return html`<div><dt>${name}</dt><dd>${value ?? "–"}</dd></div>`;
}
