import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../chart";
import { get, type Problem } from "../api";
import { format, sum, usd } from "../money";
import { badge, cost, empty, isRate, levelOf, money, nameOf, outcome, runLink, scopeLink } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { ago, dayIn, duration } from "../time";
import type { Account, Activity, DeadLetter, DeadLetters, Decision, Page, Policy, Prices, Spend } from "../types";

const MINUTE = 60_000;
const OLD_HOLD = 10 * MINUTE;
const OLD_PRICES = 7 * 24 * 60 * MINUTE;
const MIN_CALLS = 5;
const LETTERS_ARE_READ_EVERY = MINUTE;

interface Data {
  accounts: Page<Account>;
  minutes: Activity;
  holds: Page<Decision>;
  refused: Page<Decision>;
  prices: Prices;
  today: Spend;
  month: Spend;
}

interface Attention {
  level: "over" | "near";
  what: TemplateResult;
}

@customElement("ba-overview")
export class Overview extends Screen<Data> {
  readonly heading = "Overview";
  @state() private letters: DeadLetter[] = [];
  @state() private lettersFault = "";
  private lettersReadAt = 0;

  protected async load(signal: AbortSignal): Promise<Data> {
    const now = Date.now();
    const hourAgo = new Date(now - 60 * MINUTE).toISOString();
    this.readLetters(now);
    const policy = await get<Policy>("/budget/policy", {}, signal);
    const day = dayIn(policy.time_zone, now);
    const [accounts, minutes, holds, refused, prices, today, month] = await Promise.all([
      get<Page<Account>>("/budget/accounts", { limit: 200 }, signal),
      get<Activity>("/budget/activity", { step: "minute" }, signal),
      get<Page<Decision>>("/budget/holds", { limit: 200 }, signal),
      get<Page<Decision>>(
        "/budget/decisions",
        { outcome: "refused", from: hourAgo, limit: 50 },
        signal,
      ),
      get<Prices>("/budget/prices", {}, signal),
      get<Spend>("/budget/attribution", { group_by: "day", day }, signal),
      get<Spend>(
        "/budget/attribution",
        { group_by: "day", from: `${day.slice(0, 7)}-01`, to: day, limit: 40 },
        signal,
      ),
    ]);
    return { accounts, minutes, holds, refused, prices, today, month };
  }

  /** Reading the queue takes a second, so nothing waits for it, and it changes rarely. */
  private readLetters(now: number): void {
    if (this.caller.role === "gateway" || now - this.lettersReadAt < LETTERS_ARE_READ_EVERY) {
      return;
    }
    this.lettersReadAt = now;
    get<DeadLetters>("/budget/dead-letters").then(
      (letters) => {
        this.letters = letters.items;
        this.lettersFault = "";
      },
      (error: unknown) => {
        // A service may have no usage queue.
        this.lettersFault = (error as Problem).status === 404 ? "" : (error as Problem).message;
      },
    );
  }

  protected view(data: Data): TemplateResult {
    const held = sum(data.holds.items.flatMap((hold) => hold.accounts.slice(0, 1)).map((it) => usd(it.hold_usd)));
    const tenant = data.accounts.items.filter((account) => account.scope === "tenant");
    const month = tenant.find((account) => account.window === "month");
    const day = tenant.find((account) => account.window === "day");
    return html`
      ${this.attention(data)}
      <section class="tiles" aria-label="Sums">
        ${tile("Spent today", money(data.today.total.committed_usd), day ? html`of ${money(day.limit_usd)}` : nothing, "today")}
        ${tile("Spent this month", money(data.month.total.committed_usd), month ? html`of ${money(month.limit_usd)}` : nothing, "month")}
        ${tile(
          "Held now",
          html`<span class="money">${format(held)}</span>`,
          html`by ${data.holds.items.length}${data.holds.next === null ? "" : " or more"} open calls`,
          "held",
        )}
        ${tile("Decisions in the last hour", html`${sumOf(data.minutes, "decisions")}`, html`${sumOf(data.minutes, "blocked")} refused`, "decisions")}
      </section>
      <section>
        <h2>Decisions by minute</h2>
        ${data.minutes.items.length === 0
          ? empty("No decision in the last hour.")
          : html`<ba-chart
              label="Decisions and refusals by minute in the last hour"
              .labels=${minuteLabels(data.minutes)}
              .series=${[
                {
                  name: "let through",
                  colour: "--committed",
                  stack: "all",
                  values: byMinute(data.minutes, (step) => step.decisions - step.blocked),
                },
                {
                  name: "refused",
                  colour: "--over",
                  stack: "all",
                  values: byMinute(data.minutes, (step) => step.blocked),
                },
              ]}
            ></ba-chart>`}
      </section>
      <section>
        <h2>When limits will be met</h2>
        ${this.burn(data)}
      </section>
      <p class="muted">
        Balances are the ledger's own. Lists and counts follow it by about a second.
      </p>
    `;
  }

  private attention(data: Data): TemplateResult {
    const now = Date.now();
    const found: Attention[] = [];
    for (const account of data.accounts.items) {
      const level = levelOf(account);
      if (level !== "fine") {
        found.push({
          level,
          what: html`${scopeLink(account.scope, account.id)} has ${money(account.remaining_usd)} left
          of ${money(account.burst_usd ?? account.limit_usd)} (${account.window})`,
        });
      }
    }
    for (const [runId, refusals] of byRun(data.refused.items)) {
      const last = refusals[0]!;
      found.push({
        level: "over",
        what: html`${runId === "" ? "calls without a run" : html`run ${runLink(runId)}`}
          ${last.user_id === null ? nothing : html`of ${last.user_id}`}: ${refusals.length}
          ${refusals.length === 1 ? "call was" : "calls were"} refused, the last ${ago(last.created_at, now)},
          <a href=${to(["decisions", last.decision_id])}>why</a> ${outcome(last)}`,
      });
    }
    const old = data.holds.items.filter((hold) => now - Date.parse(hold.created_at) > OLD_HOLD);
    if (old.length > 0) {
      found.push({
        level: "near",
        what: html`<a href=${to(["holds"])}>${old.length} open calls</a> are older than
          ${duration(OLD_HOLD)}; the oldest may still cost ${cost(old[0]!)}`,
      });
    }
    if (now - Date.parse(data.prices.published_at) > OLD_PRICES) {
      found.push({
        level: "near",
        what: html`the <a href=${to(["prices"])}>price table</a> ${data.prices.price_table_version} was
          published ${ago(data.prices.published_at, now)}`,
      });
    }
    if (this.letters.length > 0) {
      found.push({
        level: "over",
        what: html`<a href=${to(["dead-letters"])}>${this.letters.length}
          ${this.letters.length === 1 ? "message" : "messages"}</a> of the usage queue could not be
          processed: ${this.letters[0]!.reason}`,
      });
    }
    if (this.lettersFault !== "") {
      found.push({ level: "near", what: html`dead letters cannot be read: ${this.lettersFault}` });
    }
    const degraded = data.minutes.items.reduce((all, step) => all + step.degraded, 0);
    if (degraded > 0) {
      found.push({
        level: "over",
        what: html`${degraded} calls of the last hour were let through during an outage`,
      });
    }
    return html`<section aria-labelledby="attention">
      <h2 id="attention">What needs attention</h2>
      ${found.length === 0
        ? html`<p class="fine">Nothing. No limit is near, and no run was refused in the last hour.</p>`
        : html`<ul class="attention">
            ${found.map(
              (it) => html`<li>${badge(it.level === "over" ? "act" : "look", it.level)} <span>${it.what}</span></li>`,
            )}
          </ul>`}
    </section>`;
  }

  /** The time until a tenant's, or else the fullest, accounts are used up at the rates of this hour. */
  private burn(data: Data): TemplateResult {
    const calls = data.minutes.items.reduce((all, step) => all + step.calls, 0);
    if (calls < MIN_CALLS) {
      return empty(`Too little history: ${calls} calls in the last hour, at least ${MIN_CALLS} are needed.`);
    }
    const rates = [rate(data.minutes.items, 15), rate(data.minutes.items, 60)];
    const slow = rates[0]! < rates[1]! ? rates[0]! : rates[1]!;
    const fast = rates[0]! < rates[1]! ? rates[1]! : rates[0]!;
    const tenant = data.accounts.items.filter(
      (account) => account.scope === "tenant" && !isRate(account.window),
    );
    return html`<p>
        The tenant spends ${format(slow)} to ${format(fast)} an hour: the last hour's and the last
        quarter's rate.
      </p>
      ${tenant.length === 0
        ? empty("The tenant has no ceiling of its own, so no limit can be met.")
        : html`<ul>
            ${tenant.map((account) => html`<li>${this.metIn(account, slow, fast)}</li>`)}
          </ul>`}`;
  }

  private metIn(account: Account, slow: bigint, fast: bigint): TemplateResult {
    const left = usd(account.remaining_usd);
    const name = html`${nameOf(account.scope, account.id)}'s ${account.window} limit`;
    if (left <= 0n) {
      return html`${name} is met`;
    }
    if (fast <= 0n) {
      return html`${name}: nothing is spent`;
    }
    const soonest = Number((left * 3_600_000n) / fast);
    const latest = slow <= 0n ? undefined : Number((left * 3_600_000n) / slow);
    const ends = account.resets_at === null ? Infinity : Date.parse(account.resets_at) - Date.now();
    if (soonest > ends) {
      return html`${name} will not be met before the window ends, in ${duration(ends)}`;
    }
    return html`${name} will be met in ${duration(soonest)}
    ${latest === undefined || latest > ends ? "or later, or not at all" : html`to ${duration(latest)}`}`;
  }
}

function tile(name: string, value: TemplateResult, beside: TemplateResult | typeof nothing, id: string): TemplateResult {
  return html`<div class="tile" data-tile=${id}>
    <div class="muted">${name}</div>
    <div class="big">${value}</div>
    <div>${beside}</div>
  </div>`;
}

function sumOf(activity: Activity, name: "decisions" | "blocked"): number {
  return activity.items.reduce((all, step) => all + step[name], 0);
}

function byRun(refused: Decision[]): Map<string, Decision[]> {
  const runs = new Map<string, Decision[]>();
  for (const decision of refused) {
    const run = decision.run_id ?? "";
    runs.set(run, [...(runs.get(run) ?? []), decision]);
  }
  return runs;
}

function minutesOf(activity: Activity): number[] {
  const first = Date.parse(activity.from);
  const minutes: number[] = [];
  for (let at = first; at <= Date.parse(activity.to); at += MINUTE) {
    minutes.push(at);
  }
  return minutes;
}

function minuteLabels(activity: Activity): string[] {
  return minutesOf(activity).map((at) => new Date(at).toISOString().slice(11, 16));
}

function byMinute(activity: Activity, value: (step: Activity["items"][number]) => number): number[] {
  const steps = new Map(activity.items.map((step) => [Date.parse(step.at), step]));
  return minutesOf(activity).map((at) => {
    const step = steps.get(at);
    return step === undefined ? 0 : value(step);
  });
}

/** Micro-USD an hour, by the spend of the last minutes. */
function rate(steps: Activity["items"], minutes: number): bigint {
  const first = Date.now() - minutes * MINUTE;
  const spent = sum(
    steps.filter((step) => Date.parse(step.at) >= first).map((step) => usd(step.committed_usd)),
  );
  return (spent * 60n) / BigInt(minutes);
}
