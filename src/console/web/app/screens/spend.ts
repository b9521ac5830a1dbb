import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import "../chart";
import { download, get, Problem } from "../api";
import { usd } from "../money";
import { count, empty, field, money, more, number, problemView, table } from "../parts";
import { go, to } from "../router";
import { Screen } from "../screen";
import { dayIn, daysBefore } from "../time";
import type { Policy, Spend, SpendItem } from "../types";

const DIMENSIONS = ["user", "model", "run", "key", "team", "feature", "provider", "request_class", "day"];

/** The member of an item that has the value of a dimension, which is also the name of its filter. */
function member(dimension: string): string {
  return ["run", "user", "key", "team", "feature"].includes(dimension) ? `${dimension}_id` : dimension;
}

const FILTERS = ["user_id", "key_id", "run_id", "team_id", "feature_id", "provider", "model", "request_class"];

interface Data {
  by: Spend;
  days: Spend;
}

@customElement("ba-spend")
export class SpendScreen extends Screen<Data> {
  readonly heading = "Spend";
  protected override readonly pause = 15_000;
  @state() private refused: Problem | undefined;
  private timeZone = "UTC";

  private get dimension(): string {
    const stated = this.place.query.get("by") ?? "user";
    return DIMENSIONS.includes(stated) ? stated : "user";
  }

  private stated(): Record<string, string | null> {
    return Object.fromEntries(FILTERS.map((name) => [name, this.place.query.get(name)]));
  }

  private days(): { from: string; to: string } {
    const today = dayIn(this.timeZone);
    return {
      from: this.place.query.get("from") || daysBefore(today, 6),
      to: this.place.query.get("to") || today,
    };
  }

  protected async load(signal: AbortSignal): Promise<Data> {
    this.timeZone = (await get<Policy>("/budget/policy", {}, signal)).time_zone;
    const query = { ...this.stated(), ...this.days() };
    const [by, days] = await Promise.all([
      get<Spend>(
        "/budget/attribution",
        { ...query, group_by: this.dimension, after: this.place.query.get("after"), limit: 100 },
        signal,
      ),
      get<Spend>("/budget/attribution", { ...query, group_by: "day", limit: 200 }, signal),
    ]);
    return { by, days };
  }

  protected view(data: Data): TemplateResult {
    const { from, to: last } = this.days();
    const days = [...data.days.items].sort((a, b) => String(a["day"]).localeCompare(String(b["day"])));
    const drilled = FILTERS.filter((name) => this.place.query.get(name));
    return html`
      <form class="filters" @submit=${this.filter}>
        ${field(
          "By",
          (id) => html`<select id=${id} name="by">
            ${DIMENSIONS.map((by) => html`<option ?selected=${by === this.dimension}>${by}</option>`)}
          </select>`,
        )}
        ${field("From", (id) => html`<input id=${id} type="date" name="from" .value=${from} />`)}
        ${field("To", (id) => html`<input id=${id} type="date" name="to" .value=${last} />`)}
        <button>Show</button>
        <button type="button" class="second" @click=${() => this.save("csv")}>CSV</button>
        <button type="button" class="second" @click=${() => this.save("focus")}>FOCUS</button>
      </form>
      ${this.refused ? problemView(this.refused) : nothing}
      ${drilled.length === 0
        ? nothing
        : html`<p>
            Only ${drilled.map(
              (name) =>
                html`<a
                  class="chip"
                  aria-label="Show all of ${name}"
                  href=${to(["spend"], { ...this.stated(), [name]: null, by: this.dimension, from, to: last })}
                  >${name.replace("_id", "")} ${this.place.query.get(name)} ✕</a
                > `,
            )}
          </p>`}
      <p class="total" data-total="spend">
        ${money(data.by.total.committed_usd)}
        <span class="muted"
          >from ${data.by.from} to ${data.by.to}, days in ${data.by.time_zone}; the total is the
          ledger's, about a second ago</span
        >
      </p>
      ${days.length === 0
        ? nothing
        : html`<ba-chart
            money
            label="Spend by day"
            .labels=${days.map((day) => String(day["day"]))}
            .series=${[
              {
                name: "committed",
                colour: "--committed",
                values: days.map((day) => Number(usd(day.committed_usd))),
              },
            ]}
          ></ba-chart>`}
      ${data.by.items.length === 0
        ? empty("Nothing was decided in this time.")
        : this.table(data.by.items)}
      ${more(data.by.next, (after) =>
        to(["spend"], { ...this.stated(), by: this.dimension, from, to: last, after }),
      )}
    `;
  }

  private table(items: SpendItem[]): TemplateResult {
    return table(
      `By ${this.dimension.replace("_", " ")}, the most first`,
      [
        this.dimension,
        number("Committed"),
        number("Calls"),
        number("Open"),
        number("Refused"),
        number("Input tokens"),
        number("Output tokens"),
      ],
      items.map(
        (item) => html`<tr>
          <th scope="row">${this.drill(item)}</th>
          <td class="number">${money(item.committed_usd)}</td>
          <td class="number">${count(item.calls)}</td>
          <td class="number">${count(item.open)}</td>
          <td class="number">${count(item.blocked)}</td>
          <td class="number">${count(item.input_tokens)}</td>
          <td class="number">${count(item.output_tokens)}</td>
        </tr>`,
      ),
      `Spend by ${this.dimension}`,
    );
  }

  /** A link that filters by this value, and groups by what divides it next. */
  private drill(item: SpendItem): TemplateResult {
    const name = member(this.dimension);
    const value = item[name];
    if (value === null || value === undefined || value === "") {
      return html`<span class="muted">not stated</span>`;
    }
    const next = this.dimension === "model" ? "user" : "model";
    const { from, to: last } = this.days();
    return this.dimension === "day"
      ? html`<a href=${to(["spend"], { ...this.stated(), from: String(value), to: String(value), by: next })}>${value}</a>`
      : html`<a href=${to(["spend"], { ...this.stated(), [name]: String(value), by: next, from, to: last })}>${value}</a>`;
  }

  private readonly filter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    go(
      to(["spend"], {
        ...this.stated(),
        by: String(form.get("by")),
        from: String(form.get("from")),
        to: String(form.get("to")),
      }),
    );
  };

  private async save(form: "csv" | "focus"): Promise<void> {
    this.refused = undefined;
    try {
      const file = await download("/budget/attribution", {
        ...this.stated(),
        ...this.days(),
        group_by: this.dimension,
        format: form === "focus" ? "focus" : null,
      });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `spend-${this.dimension}.csv`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      this.refused = error as Problem;
    }
  }
}
