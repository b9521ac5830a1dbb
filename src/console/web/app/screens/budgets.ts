import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, newKey, Problem, send } from "../api";
import { format, parseUsd, usd } from "../money";
import { accountTable, empty, field, isRate, money, more, problemView } from "../parts";
import { go, to } from "../router";
import { Screen } from "../screen";
import { moment } from "../time";
import type { Account, Ceiling, CeilingWindow, Increase, Page, Scope, Window } from "../types";

const SCOPES: Scope[] = ["tenant", "team", "feature", "user", "key"];
const WINDOWS: Window[] = ["hour", "day", "week", "month", "quarter", "total"];
const MODES = ["hard_gate", "soft_gate", "actuals_only", "advisory_estimate"];

interface Editing {
  scope: Scope;
  id: string;
  window: CeilingWindow;
  ceiling: Ceiling | undefined;
  etag: string | null;
  increases: Increase[];
  /** The same for the form, so that an increase that is sent twice is given once. */
  key: string;
}

interface Data {
  accounts: Page<Account>;
  effective: Account[] | undefined;
}

@customElement("ba-budgets")
export class Budgets extends Screen<Data> {
  readonly heading = "Budgets";
  @state() private editing: Editing | undefined;
  @state() private refused: Problem | undefined;
  @state() private done = "";

  protected async load(signal: AbortSignal): Promise<Data> {
    const { query } = this.place;
    const scope = query.get("scope");
    const id = query.get("id");
    const accounts = await get<Page<Account>>(
      "/budget/accounts",
      { scope, id, after: query.get("after"), limit: 100 },
      signal,
    );
    const applies =
      id !== null && (scope === "user" || scope === "key" || scope === "team" || scope === "feature");
    const effective = applies
      ? (
          await get<{ accounts: Account[] }>("/budget/balances", { [`${scope}_id`]: id }, signal)
        ).accounts
      : undefined;
    return { accounts, effective };
  }

  private get mayChange(): boolean {
    return this.caller.role === "admin";
  }

  protected view(data: Data): TemplateResult {
    const { query } = this.place;
    const accounts = data.accounts.items;
    return html`
      <form class="filters" @submit=${this.filter}>
        ${field(
          "Scope",
          (id) => html`<select id=${id} name="scope">
            <option value="">all</option>
            ${SCOPES.map((scope) => html`<option ?selected=${query.get("scope") === scope}>${scope}</option>`)}
          </select>`,
        )}
        ${field("Id", (id) => html`<input id=${id} name="id" .value=${query.get("id") ?? ""} />`)}
        <button>Show</button>
        ${this.mayChange
          ? html`<button type="button" class="second" @click=${() => this.create()}>New budget</button>`
          : nothing}
      </form>
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      ${this.editing ? this.form(this.editing) : nothing}
      ${accounts.length === 0
        ? empty(
            "No ceiling is set here. Runs have their own limits, and the policy may have default ceilings.",
          )
        : accountTable(
            accounts,
            "Ceilings with what is committed, held and free in their running window",
            this.mayChange ? (account) => this.change(account) : undefined,
          )}
      ${more(data.accounts.next, (after) =>
        to(["budgets"], { scope: query.get("scope"), id: query.get("id"), after }),
      )}
      ${data.effective === undefined
        ? nothing
        : html`<section>
            <h2>What a call is held against</h2>
            ${data.effective.length === 0
              ? empty("No ceiling applies.")
              : html`<p>
                    The tightest is ${tightest(data.effective)}.
                  </p>
                  ${accountTable(data.effective, "Every account that a call of this id would touch")}`}
          </section>`}
    `;
  }

  private readonly filter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    go(to(["budgets"], { scope: String(form.get("scope")), id: String(form.get("id")) }));
  };

  private change(account: Account): TemplateResult {
    const name = `${account.scope} ${account.id} ${account.window}`;
    return html`<button class="second" aria-label="Change ${name}" @click=${() => this.open(account)}>Change</button>`;
  }

  private readonly choose = (event: Event): void => {
    const window = (event.target as HTMLSelectElement).value as CeilingWindow;
    this.editing = { ...this.editing!, window };
  };

  private create(): void {
    this.refused = undefined;
    this.editing = { scope: "user", id: "", window: "day", ceiling: undefined, etag: null, increases: [], key: newKey() };
  }

  private async open(account: Account): Promise<void> {
    this.refused = undefined;
    this.done = "";
    const path = pathOf(account.scope, account.id, account.window);
    try {
      const [answer, increases] = await Promise.all([
        send<Ceiling>(path),
        get<Page<Increase>>("/budget/increases", {
          scope: account.scope,
          id: account.id,
          state: "active",
          limit: 200,
        }),
      ]);
      this.editing = {
        scope: account.scope,
        id: account.id,
        window: account.window,
        ceiling: answer.body,
        etag: answer.etag,
        increases: increases.items,
        key: newKey(),
      };
    } catch (error) {
      this.refused = error as Problem;
    }
  }

  private form(editing: Editing): TemplateResult {
    const { ceiling } = editing;
    return html`<form class="card" @submit=${this.save} aria-label="Budget">
      <h2>${ceiling ? `Change the ${editing.window} limit of ${editing.scope} ${editing.id}` : "New budget"}</h2>
      ${this.refused ? problemView(this.refused) : nothing}
      ${ceiling
        ? nothing
        : html`${field(
            "Scope",
            (id) => html`<select id=${id} name="scope">
              ${SCOPES.map((scope) => html`<option ?selected=${scope === "user"}>${scope}</option>`)}
            </select>`,
            "",
            "new-scope",
          )}
          ${field("Id", (id) => html`<input id=${id} name="id" required />`, "The tenant's is -", "new-id")}
          ${field(
            "Window",
            (id) => html`<select id=${id} name="window" @change=${this.choose}>
              ${WINDOWS.map((window) => html`<option ?selected=${editing.window === window}>${window}</option>`)}
              <option ?selected=${isRate(editing.window)}>rate</option>
            </select>`,
          )}
          ${isRate(editing.window)
            ? field("Name", (id) => html`<input id=${id} name="name" />`, "Empty for the usual rate", "rate-name")
            : nothing}`}
      ${field(
        "Limit in USD",
        (id) => html`<input id=${id} name="limit_usd" inputmode="decimal" required .value=${ceiling?.limit_usd ?? ""} />`,
      )}
      ${field(
        "Mode",
        (id) => html`<select id=${id} name="mode">
          <option value="">the tenant's</option>
          ${MODES.map((mode) => html`<option ?selected=${ceiling?.mode === mode}>${mode}</option>`)}
        </select>`,
      )}
      ${isRate(editing.window)
        ? html`${field(
            "Seconds",
            (id) => html`<input id=${id} name="period_seconds" inputmode="numeric" required .value=${String(ceiling?.period_seconds ?? "")} />`,
            "In how many seconds the limit refills",
          )}
          ${field(
            "Burst in USD",
            (id) => html`<input id=${id} name="burst_usd" inputmode="decimal" .value=${ceiling?.burst_usd ?? ""} />`,
            "The most at one time; empty: the limit",
          )}`
        : html`${field(
            "Warn at percent",
            (id) => html`<input id=${id} name="warn_at_percent" .value=${(ceiling?.warn_at_percent ?? [50, 80, 95]).join(", ")} />`,
            "Up to ten, with commas between",
          )}
          ${editing.scope === "run"
            ? nothing
            : field(
                "Shards",
                (id) => html`<input id=${id} name="shards" inputmode="numeric" .value=${String(ceiling?.shards ?? "")} />`,
                "1 to 64; empty: as many as the load needs",
              )}`}
      <div class="buttons">
        <button>Save</button>
        <button type="button" class="second" @click=${() => (this.editing = undefined)}>Cancel</button>
        ${ceiling
          ? html`<button type="button" class="danger" @click=${() => this.endEnforcement(editing)}>End enforcement</button>`
          : nothing}
      </div>
    </form>
    ${ceiling && !isRate(editing.window) ? this.increaseForm(editing) : nothing}`;
  }

  /** More money for a while, which ends by itself. */
  private increaseForm(editing: Editing): TemplateResult {
    const lasting = editing.increases.filter((increase) => increase.window === editing.window);
    return html`<form class="card" @submit=${this.increase} aria-label="More for a while">
      <h2>More for a while</h2>
      ${lasting.length === 0
        ? nothing
        : html`<ul>
            ${lasting.map(
              (increase) => html`<li>
                ${money(increase.amount_usd)} until ${moment(increase.until)}: ${increase.reason}
                <button type="button" class="second" @click=${() => this.revoke(editing, increase)}>Take away</button>
              </li>`,
            )}
          </ul>`}
      ${field("Amount in USD", (id) => html`<input id=${id} name="amount_usd" inputmode="decimal" required />`)}
      ${field(
        "Hours",
        (id) => html`<input id=${id} name="hours" inputmode="numeric" ?required=${editing.window === "total"} />`,
        editing.window === "total" ? "" : "Empty: until the window ends",
      )}
      ${field("Reason", (id) => html`<input id=${id} name="reason" required />`)}
      <div class="buttons"><button>Give</button></div>
    </form>`;
  }

  private readonly increase = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const editing = this.editing!;
    const form = new FormData(event.target as HTMLFormElement);
    const hours = Number.parseInt(String(form.get("hours")), 10);
    const amount = String(form.get("amount_usd")).trim();
    this.refused = undefined;
    try {
      await send("/budget/increases", {
        method: "POST",
        idempotencyKey: editing.key,
        body: {
          scope: editing.scope,
          id: editing.id,
          window: editing.window,
          amount_usd: amount,
          until: Number.isNaN(hours) ? null : new Date(Date.now() + hours * 3_600_000).toISOString(),
          reason: String(form.get("reason")),
        },
      });
    } catch (error) {
      this.refused = error as Problem;
      return;
    }
    this.editing = undefined;
    this.done = `${editing.scope} ${editing.id} has ${amount} USD more for a while.`;
    await this.reload();
  };

  private async revoke(editing: Editing, increase: Increase): Promise<void> {
    try {
      await send(`/budget/increases/${encodeURIComponent(increase.increase_id)}`, { method: "DELETE" });
    } catch (error) {
      this.refused = error as Problem;
      return;
    }
    this.editing = undefined;
    this.done = `The increase of ${editing.scope} ${editing.id} is taken away.`;
    await this.reload();
  }

  private readonly save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const editing = this.editing!;
    const form = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    const scope = (editing.ceiling ? editing.scope : text("scope")) as Scope;
    const id = editing.ceiling ? editing.id : text("id");
    const name = text("name");
    const window = name === "" ? editing.window : `rate:${name}`;
    const limit = text("limit_usd");
    if (parseUsd(limit) === undefined) {
      this.refused = new Problem(400, "invalid_request", "Not an amount", `${limit} is not an amount in USD with at most six decimals.`);
      return;
    }
    const mode = text("mode") === "" ? null : text("mode");
    const percents = text("warn_at_percent");
    try {
      await send(pathOf(scope, id, window), {
        method: "PUT",
        ifMatch: editing.etag,
        body: isRate(window)
          ? {
              limit_usd: limit,
              mode,
              period_seconds: Number.parseInt(text("period_seconds"), 10),
              burst_usd: text("burst_usd") === "" ? null : text("burst_usd"),
            }
          : {
              limit_usd: limit,
              mode,
              margin_usd: editing.ceiling?.margin_usd ?? null,
              warn_at_percent:
                percents === "" ? [] : percents.split(",").map((percent) => Number.parseInt(percent, 10)),
              shards: text("shards") === "" ? null : Number.parseInt(text("shards"), 10),
            },
      });
    } catch (error) {
      this.refused = error as Problem;
      return;
    }
    this.editing = undefined;
    this.done = `The ${window} limit of ${scope} ${id} is ${format(usd(limit))}.`;
    await this.reload();
  };

  private async endEnforcement(editing: Editing): Promise<void> {
    try {
      await send(pathOf(editing.scope, editing.id, editing.window), {
        method: "DELETE",
        ifMatch: editing.etag,
      });
    } catch (error) {
      this.refused = error as Problem;
      return;
    }
    this.editing = undefined;
    this.done = `${editing.scope} ${editing.id} has no ${editing.window} limit of its own any more.`;
    await this.reload();
  }
}

function pathOf(scope: string, id: string, window: string): string {
  return `/budget/ceilings/${scope}/${encodeURIComponent(id)}/${window}`;
}

function tightest(accounts: Account[]): string {
  const seen = accounts.filter((account) => account.remaining_usd !== null);
  if (seen.length === 0) {
    return "not shown to this key";
  }
  const first = seen.reduce((least, account) =>
    usd(account.remaining_usd) < usd(least.remaining_usd) ? account : least,
  );
  return `${first.scope} ${first.id} (${first.window}) with ${format(usd(first.remaining_usd))}`;
}
