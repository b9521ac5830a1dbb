import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, Problem, send } from "../api";
import { parseUsd } from "../money";
import { badge, count, empty, field, number, problemView, table } from "../parts";
import { go, to } from "../router";
import { Screen } from "../screen";
import { ago, moment } from "../time";
import type { Page, PriceOverride, Prices, PriceTable } from "../types";
import { priceTable } from "./decision";

interface OfTenant {
  prices: Prices;
  overrides: Page<PriceOverride>;
}

interface OfOperator {
  tables: Page<PriceTable>;
  review: PriceTable | undefined;
}

type Data = OfTenant | OfOperator;

/** USD per million tokens, as people state prices; the API has USD per token. */
function perToken(perMillion: string): string | undefined {
  const micros = parseUsd(perMillion);
  if (micros === undefined || micros < 0n) {
    return undefined;
  }
  // A micro-USD per million tokens is a pico-USD per token.
  const text = micros.toString().padStart(13, "0");
  return `${text.slice(0, -12)}.${text.slice(-12)}`.replace(/\.?0+$/, "") || "0";
}

@customElement("ba-prices")
export class PricesScreen extends Screen<Data> {
  readonly heading = "Prices";
  protected override readonly pause = 15_000;
  @state() private refused: Problem | undefined;
  @state() private done = "";

  protected async load(signal: AbortSignal): Promise<Data> {
    const { query } = this.place;
    if (this.caller.role === "operator") {
      const version = query.get("version");
      const tables = await get<Page<PriceTable>>("/budget/price-tables", { limit: 50 }, signal);
      const review =
        version === null
          ? undefined
          : await get<PriceTable>(`/budget/price-tables/${encodeURIComponent(version)}`, {}, signal);
      return { tables, review };
    }
    const [prices, overrides] = await Promise.all([
      get<Prices>(
        "/budget/prices",
        { model: query.get("model"), provider: query.get("model") ? query.get("provider") : null },
        signal,
      ),
      get<Page<PriceOverride>>("/budget/price-overrides", { limit: 200 }, signal),
    ]);
    return { prices, overrides };
  }

  protected view(data: Data): TemplateResult {
    return "tables" in data ? this.ofOperator(data) : this.ofTenant(data);
  }

  private ofTenant(data: OfTenant): TemplateResult {
    const { query } = this.place;
    const { prices } = data;
    const model = query.get("model");
    return html`
      <p>
        Version <strong>${prices.price_table_version}</strong> is in force, published
        ${ago(prices.published_at)}.
      </p>
      <form class="filters" @submit=${this.search}>
        ${field("Model", (id) => html`<input id=${id} name="model" required .value=${model ?? ""} />`)}
        ${field("Provider", (id) => html`<input id=${id} name="provider" .value=${query.get("provider") ?? ""} />`, "Where it is known")}
        <button>Is its price known?</button>
      </form>
      ${this.refused ? problemView(this.refused) : nothing}
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      ${model === null || model === "" ? nothing : this.found(model, prices)}
      <section>
        <h2>The tenant's own prices</h2>
        ${data.overrides.items.length === 0
          ? empty("No override is stated.")
          : table(
              "Overrides",
              [
                "Model",
                "Provider",
                "Stated prices in USD",
                this.caller.role === "admin" && "Change",
              ],
              data.overrides.items.map((it) => this.override(it)),
            )}
        ${this.caller.role === "admin" ? this.newOverride(model) : nothing}
      </section>
    `;
  }

  private found(model: string, prices: Prices): TemplateResult {
    const { price } = prices;
    if (price === null) {
      return html`<div class="card" data-known="no">
        <p>${badge("unknown", "over")} <strong>${model}</strong> has no price. Its calls are refused.</p>
        ${prices.candidates.length === 0
          ? nothing
          : html`<p>Did you mean
              ${prices.candidates.map((name) => html`<a class="chip" href=${to(["prices"], { model: name })}>${name}</a> `)}
            </p>`}
      </div>`;
    }
    return html`<div class="card" data-known="yes">
      <p>
        ${badge(price.is_free ? "free" : "known", "fine")} <strong>${price.model}</strong> of
        ${price.provider}, ${price.mode}; window ${count(price.context_window_tokens)}, output at most
        ${count(price.max_output_tokens)} tokens
      </p>
      <p>${price.capabilities.map((capability) => badge(capability, "plain"))}</p>
      ${price.rates.map(
        (rate) =>
          priceTable(
            rate.prices,
            `Service tier ${rate.service_tier}` +
              (rate.above_input_tokens > 0
                ? ` above ${count(rate.above_input_tokens)} input tokens`
                : "") +
              ": USD a token or unit",
          ),
      )}
    </div>`;
  }

  private override(it: PriceOverride): TemplateResult {
    return html`<tr>
      <th scope="row"><a href=${to(["prices"], { model: it.model, provider: it.provider })}>${it.model}</a></th>
      <td>${it.provider}</td>
      <td>
        ${Object.entries(it.prices)
          .filter(([name]) => it.origins[name] === "override")
          .map(([name, price]) => html`<div>${name.replaceAll("_", " ")} ${price}</div>`)}
      </td>
      ${this.caller.role === "admin"
        ? html`<td>
            <button class="danger" aria-label="Remove the override of ${it.model}" @click=${() => this.removeOverride(it)}>
              Remove
            </button>
          </td>`
        : nothing}
    </tr>`;
  }

  private newOverride(model: string | null): TemplateResult {
    return html`<details>
      <summary>State a price</summary>
      <form class="card" @submit=${this.put}>
        ${field("Provider", (id) => html`<input id=${id} name="provider" required />`, "", "own-provider")}
        ${field("Model", (id) => html`<input id=${id} name="model" required .value=${model ?? ""} />`, "", "own-model")}
        ${field("Input, USD per million tokens", (id) => html`<input id=${id} name="input" inputmode="decimal" required />`)}
        ${field("Output, USD per million tokens", (id) => html`<input id=${id} name="output" inputmode="decimal" required />`)}
        <button>State it</button>
      </form>
    </details>`;
  }

  private readonly search = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    go(
      to(["prices"], {
        model: String(form.get("model")).trim(),
        provider: String(form.get("provider")).trim(),
      }),
    );
  };

  private readonly put = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const element = event.target as HTMLFormElement;
    const form = new FormData(element);
    const text = (name: string): string => String(form.get(name)).trim();
    const input = perToken(text("input"));
    const output = perToken(text("output"));
    if (input === undefined || output === undefined) {
      this.refused = new Problem(400, "invalid_request", "Not a price", "A price is USD per million tokens with at most six decimals.");
      return;
    }
    await this.change(
      { provider: text("provider"), model: text("model") },
      "PUT",
      { prices: { input, output } },
      `The price of ${text("model")} is stated.`,
    );
    element.reset();
  };

  private removeOverride(it: PriceOverride): Promise<void> {
    return this.change(it, "DELETE", undefined, `${it.model} has the table's price, or none.`);
  }

  private async change(
    row: { provider: string; model: string },
    method: string,
    body: unknown,
    done: string,
  ): Promise<void> {
    this.refused = undefined;
    this.done = "";
    const query = new URLSearchParams({ provider: row.provider, model: row.model });
    try {
      await send(`/budget/price-overrides?${query.toString()}`, {
        method,
        ...(body === undefined ? {} : { body }),
      });
      this.done = done;
    } catch (error) {
      this.refused = error as Problem;
    }
    await this.reload();
  }

  private ofOperator(data: OfOperator): TemplateResult {
    return html`
      ${this.refused ? problemView(this.refused) : nothing}
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      <form class="filters" @submit=${this.draft}>
        ${field("A source in LiteLLM's format", (id) => html`<input id=${id} type="file" name="source" accept="application/json" required />`)}
        <button>Review it</button>
      </form>
      ${data.tables.items.length === 0
        ? empty("No price table was imported.")
        : table(
            "Versions, the newest first",
            ["Version", "State", number("Rows"), "Made", "Published"],
            data.tables.items.map(
              (table) => html`<tr>
                <th scope="row"><a href=${to(["prices"], { version: table.version })}>${table.version}</a></th>
                <td>
                  ${table.in_force
                    ? badge("in force", "fine")
                    : badge(table.published_at === null ? "draft" : "replaced", "plain")}
                </td>
                <td class="number">${count(table.rows)}</td>
                <td>${moment(table.created_at)} by ${table.created_by ?? "–"}</td>
                <td>${moment(table.published_at)}</td>
              </tr>`,
            ),
            "Price tables",
          )}
      ${data.review === undefined ? nothing : this.review(data.review)}
    `;
  }

  private review(table: PriceTable): TemplateResult {
    const review = table.review ?? {};
    const lists = Object.entries(review).filter(
      (entry): entry is [string, unknown[]] => Array.isArray(entry[1]) && entry[1].length > 0,
    );
    return html`<section>
      <h2>Review of ${table.version}</h2>
      <p>
        Against ${table.previous_version ?? "no table"}:
        ${table.clean === true ? "clean, rows were at most added" : "to be accepted by a person"}.
      </p>
      ${lists.map(
        ([name, findings]) => html`<details>
          <summary>${name.replaceAll("_", " ")} (${count(findings.length)})</summary>
          <ul>
            ${findings.slice(0, 200).map((finding) => html`<li><code>${JSON.stringify(finding)}</code></li>`)}
          </ul>
          ${findings.length > 200 ? html`<p class="muted">The first 200 are shown.</p>` : nothing}
        </details>`,
      )}
      ${table.published_at === null
        ? html`<button @click=${() => this.publish(table)}>Accept the review and publish</button>`
        : nothing}
    </section>`;
  }

  private readonly draft = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    this.refused = undefined;
    const file = new FormData(event.target as HTMLFormElement).get("source") as File;
    try {
      const answer = await send<PriceTable>("/budget/price-tables", {
        method: "POST",
        body: JSON.parse(await file.text()),
      });
      go(to(["prices"], { version: answer.body.version }));
    } catch (error) {
      this.refused =
        error instanceof Problem
          ? error
          : new Problem(400, "invalid_request", "Not JSON", "The file is not JSON.");
    }
  };

  private async publish(table: PriceTable): Promise<void> {
    this.refused = undefined;
    try {
      await send(`/budget/price-tables/${encodeURIComponent(table.version)}/publish`, {
        method: "POST",
        body: { accept_review: true },
      });
      this.done = `${table.version} is in force.`;
    } catch (error) {
      this.refused = error as Problem;
    }
    await this.reload();
  }
}
