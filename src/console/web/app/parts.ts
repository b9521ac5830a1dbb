import { html, nothing, svg, type TemplateResult } from "lit";
import type { Problem } from "./api";
import { format, thousandths, usd } from "./money";
import { to } from "./router";
import { duration, moment, until } from "./time";
import type { Account, Decision, Remedy, Scope } from "./types";

/** An amount. An amount that the caller may not see is a dash. */
export function money(text: string | null | undefined): TemplateResult {
  return text === null || text === undefined
    ? html`<span class="muted">–</span>`
    : html`<span class="money" data-usd=${text}>${format(usd(text))}</span>`;
}

export function problemView(problem: Problem): TemplateResult {
  return html`<div class="problem" role="alert">
    <strong>${problem.title}</strong>
    <p>${problem.message}</p>
    ${problem.errors.length > 0
      ? html`<ul>
          ${problem.errors.map((error) => html`<li><code>${error.pointer}</code> ${error.reason}</li>`)}
        </ul>`
      : nothing}
    ${problem.status > 0 && problem.code !== "unknown"
      ? html`<p>
          <a href="/problems/${problem.code}" target="_blank" rel="noreferrer"
            >What ${problem.code} means</a
          >
        </p>`
      : nothing}
  </div>`;
}

export function empty(text: string): TemplateResult {
  return html`<p class="empty">${text}</p>`;
}

/** What is committed and held of a limit, as a bar with words for those who do not see it. */
export function bar(
  committed: string | null,
  reserved: string | null,
  limit: string | null,
): TemplateResult {
  if (committed === null || reserved === null || limit === null) {
    return html`<span class="muted">not shown to this key</span>`;
  }
  const spent = thousandths(usd(committed), usd(limit));
  const held = Math.min(1000 - spent, thousandths(usd(reserved), usd(limit)));
  const used = usd(committed) + usd(reserved);
  const level = used >= usd(limit) ? "over" : spent + held >= 800 ? "near" : "fine";
  const words = `${format(usd(committed))} committed and ${format(usd(reserved))} held of ${format(usd(limit))}`;
  return segments(level, words, spent, held);
}

/**
 * A bar of two segments.
 *
 * @param first in thousandths of the whole, as is the second
 */
function segments(level: string, words: string, first: number, second: number): TemplateResult {
  return html`<svg
    class="bar ${level}"
    role="img"
    aria-label=${words}
    viewBox="0 0 1000 12"
    preserveAspectRatio="none"
  >
    ${svg`<rect class="free" x="0" y="0" width="1000" height="12"></rect>
    <rect class="committed" x="0" y="0" width=${first} height="12"></rect>
    <rect class="reserved" x=${first} y="0" width=${second} height="12"></rect>`}
  </svg>`;
}

/** The level of an account: what words and colours its bar has. */
export function levelOf(account: Account): "over" | "near" | "fine" {
  if (account.blocks) {
    return "over";
  }
  if (account.burst_usd !== null) {
    return usd(account.remaining_usd) * 5n <= usd(account.burst_usd) ? "near" : "fine";
  }
  if (account.limit_usd === null || account.committed_usd === null) {
    return "fine";
  }
  const used = usd(account.committed_usd) + usd(account.reserved_usd);
  return used * 100n >= usd(account.limit_usd) * 80n ? "near" : "fine";
}

/** Whether it is a rate, which keeps no sums. */
export function isRate(window: string): boolean {
  return window === "rate" || window.startsWith("rate:");
}

/** How much of an account is committed and held, or how much of a rate's burst is taken. */
function use(account: Account): TemplateResult {
  if (!isRate(account.window)) {
    return bar(account.committed_usd, account.reserved_usd, account.limit_usd);
  }
  if (account.burst_usd === null || account.remaining_usd === null) {
    return bar(null, null, null);
  }
  const taken = usd(account.burst_usd) - usd(account.remaining_usd);
  const level = taken >= usd(account.burst_usd) ? "over" : levelOf(account);
  return segments(
    level,
    `${format(taken)} taken of ${format(usd(account.burst_usd))} at a time`,
    thousandths(taken, usd(account.burst_usd)),
    0,
  );
}

function limitOf(account: Account): TemplateResult {
  return account.period_seconds === null
    ? money(account.limit_usd)
    : html`${money(account.limit_usd)} in ${duration(account.period_seconds * 1000)}`;
}

function endOf(account: Account): string {
  if (isRate(account.window)) {
    return account.resets_at === null ? "whole" : `whole ${until(account.resets_at)}`;
  }
  return account.resets_at === null ? "never" : until(account.resets_at);
}

export function nameOf(scope: Scope, id: string): string {
  return scope === "tenant" ? "the tenant" : `${scope} ${id}`;
}

/** A link to what a scope id is about. */
export function scopeLink(scope: Scope, id: string): TemplateResult {
  return scope === "run"
    ? html`<a href=${to(["runs", id])}>run ${id}</a>`
    : html`<a href=${to(["budgets"], { scope, id })}>${nameOf(scope, id)}</a>`;
}

export function runLink(runId: string | null): TemplateResult {
  return runId === null
    ? html`<span class="muted">–</span>`
    : html`<a href=${to(["runs", runId])}>${runId}</a>`;
}

export function badge(text: string, level: "over" | "near" | "fine" | "plain"): TemplateResult {
  return html`<span class="badge ${level}">${text.replaceAll("_", " ")}</span>`;
}

export function outcome(decision: Decision): TemplateResult {
  switch (decision.decision) {
    case "block":
      return badge(decision.code ?? "block", "over");
    case "advisory_warn":
    case "downgrade":
      return badge(decision.decision, "near");
    default:
      return badge(decision.decision, "fine");
  }
}

/** What a call cost, or may cost at most as long as nobody has reported its usage. */
export function cost(decision: Decision): TemplateResult {
  if (decision.actual_usd !== null) {
    return money(decision.actual_usd);
  }
  return decision.estimate_usd === null
    ? money(null)
    : html`<span class="muted">at most</span> ${money(decision.estimate_usd)}`;
}

/** The head of a column. A column of numbers is aligned at its right. */
type Column = string | { numbers: string };

export function number(name: string): Column {
  return { numbers: name };
}

/**
 * A table that a keyboard can scroll.
 *
 * @param columns a column that is false is left out
 * @param rows the rows of its body
 * @param label the name of its region, where that is not the caption
 */
export function table(
  caption: string,
  columns: (Column | false)[],
  rows: TemplateResult | TemplateResult[],
  label = caption,
): TemplateResult {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) =>
            column === false
              ? nothing
              : typeof column === "string"
                ? html`<th scope="col">${column}</th>`
                : html`<th scope="col" class="number">${column.numbers}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

/** A table of decisions, the way every screen shows them. */
export function decisionTable(decisions: Decision[], caption: string): TemplateResult {
  return table(
    caption,
    ["Time", "Outcome", "State", "Model", "User", "Run", number("Cost")],
    decisions.map(
      (decision) => html`<tr>
        <td><a href=${to(["decisions", decision.decision_id])}>${moment(decision.created_at)}</a></td>
        <td>${outcome(decision)}</td>
        <td>${decision.state}</td>
        <td>${decision.selected_model ?? decision.requested_model ?? "–"}</td>
        <td>${decision.user_id ?? "–"}</td>
        <td>${runLink(decision.run_id)}</td>
        <td class="number">${cost(decision)}</td>
      </tr>`,
    ),
  );
}

/** A table of accounts with a bar each. */
export function accountTable(
  accounts: Account[],
  caption: string,
  action?: (account: Account) => TemplateResult,
): TemplateResult {
  return table(
    caption,
    [
      "Budget",
      "Window",
      "Use",
      number("Committed"),
      number("Held"),
      number("Free"),
      number("Limit"),
      "Ends",
      action !== undefined && "Change",
    ],
    accounts.map(
      (account) => html`<tr data-account="${account.scope}/${account.id}/${account.window}">
        <th scope="row">
          ${scopeLink(account.scope, account.id)}
          ${levelOf(account) === "over"
            ? badge("nothing left", "over")
            : levelOf(account) === "near"
              ? badge("near its limit", "near")
              : nothing}
          <div class="muted">${account.mode.replaceAll("_", " ")}</div>
        </th>
        <td>${account.window}</td>
        <td class="wide">${use(account)}</td>
        <td class="number">${money(account.committed_usd)}</td>
        <td class="number">${money(account.reserved_usd)}</td>
        <td class="number">${money(account.remaining_usd)}</td>
        <td class="number">${limitOf(account)}</td>
        <td>${endOf(account)}</td>
        ${action ? html`<td>${action(account)}</td>` : nothing}
      </tr>`,
    ),
  );
}

/** The link to the next page of a list. */
export function more(next: string | null, address: (after: string) => string): TemplateResult | typeof nothing {
  return next === null ? nothing : html`<p><a class="button" href=${address(next)}>Older</a></p>`;
}

/**
 * A label with the field that it names.
 *
 * @param control makes the field with the id that the label refers to
 * @param name the id, where two fields of a screen have one label
 */
export function field(
  label: string,
  control: (id: string) => TemplateResult,
  hint = "",
  name = label.toLowerCase().replace(/[^a-z]+/g, "-"),
): TemplateResult {
  const id = `field-${name}`;
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${control(id)}${hint === "" ? nothing : html`<small>${hint}</small>`}
  </div>`;
}

/** Numbers of tokens and the like, with commas. */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US");
}

/** What would have let a blocked call through, in words. */
export function remedies(decision: Decision): TemplateResult {
  const { block } = decision;
  if (block === null) {
    return html``;
  }
  if (block.remedies.length === 0) {
    return html`<p>Nothing would have helped: a retry is pointless.</p>`;
  }
  return html`<p>What would have helped:</p>
    <ul>
      ${block.remedies.map((remedy) => html`<li>${remedyText(remedy, decision)}</li>`)}
    </ul>`;
}

function remedyText(remedy: Remedy, decision: Decision): TemplateResult {
  const { block } = decision;
  switch (remedy) {
    case "wait":
      if (block?.resets_at && !block.remedies.includes("after_reset")) {
        return html`to wait until ${moment(block.resets_at)}, when the rate has refilled`;
      }
      return html`to wait until open calls are settled: they hold more than they are likely to cost`;
    case "downgrade":
      return html`one of the alternatives below`;
    case "reduce_output":
      return html`an output cap of at most ${count(block?.fits_max_output_tokens)} tokens`;
    case "after_reset":
      return html`to wait for the next window, at ${moment(block?.resets_at ?? null)}`;
    case "raise_limit":
      return html`a higher limit`;
    case "price_model":
      return html`a price: another model, or an
        <a href=${to(["prices"], { model: decision.requested_model })}>override</a> for this one`;
  }
}
