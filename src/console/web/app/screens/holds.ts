import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, Problem, send } from "../api";
import { count, empty, field, money, more, number, problemView, runLink, table } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { ago, until } from "../time";
import type { Decision, Page } from "../types";

@customElement("ba-holds")
export class Holds extends Screen<Page<Decision>> {
  readonly heading = "Open reservations";
  @state() private releasing: string | undefined;
  @state() private refused: Problem | undefined;
  @state() private done = "";

  private get maySettle(): boolean {
    return this.caller.role === "gateway" || this.caller.role === "admin";
  }

  protected load(signal: AbortSignal): Promise<Page<Decision>> {
    return get<Page<Decision>>(
      "/budget/holds",
      { after: this.place.query.get("after"), limit: 100 },
      signal,
    );
  }

  protected view(data: Page<Decision>): TemplateResult {
    return html`
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      ${this.refused ? problemView(this.refused) : nothing}
      ${data.items.length === 0
        ? empty("Nothing is held. Every call is settled.")
        : html`<p>${count(data.items.length)} calls${data.next === null ? "" : " or more"} hold money, the oldest first.</p>
            ${table(
              "Calls whose usage was not reported yet",
              [
                "Begun",
                "Ends",
                "Model",
                "User",
                "Run",
                number("At most"),
                this.maySettle && "Settle",
              ],
              data.items.map((hold) => this.row(hold)),
              "Open reservations",
            )}`}
      ${more(data.next, (after) => to(["holds"], { after }))}
      ${this.maySettle
        ? nothing
        : html`<p class="muted">An admin's key may release a reservation here. Without that, each ends by itself.</p>`}
    `;
  }

  private row(hold: Decision): TemplateResult {
    const id = hold.reservation_id ?? "";
    return html`<tr>
      <td><a href=${to(["decisions", hold.decision_id])}>${ago(hold.created_at)}</a></td>
      <td>${hold.expires_at === null ? "–" : until(hold.expires_at)}</td>
      <td>${hold.selected_model ?? "–"}</td>
      <td>${hold.user_id ?? "–"}</td>
      <td>${runLink(hold.run_id)}</td>
      <td class="number">${money(hold.estimate_usd)}</td>
      ${!this.maySettle
        ? nothing
        : html`<td>
            ${this.releasing === id
              ? html`<form class="filters" @submit=${(event: SubmitEvent) => this.release(event, id)}>
                  ${field("Reason", (id) => html`<input id=${id} name="reason" required />`)}
                  <button class="danger">Release</button>
                </form>`
              : html`<button class="second" @click=${() => (this.releasing = id)}>Release</button>`}
          </td>`}
    </tr>`;
  }

  private async release(event: SubmitEvent, id: string): Promise<void> {
    event.preventDefault();
    this.refused = undefined;
    const reason = String(new FormData(event.target as HTMLFormElement).get("reason"));
    try {
      await send(`/budget/reservations/${encodeURIComponent(id)}/release`, {
        method: "POST",
        body: { reason },
      });
      this.done = "The hold is free.";
    } catch (error) {
      this.refused = error as Problem;
    }
    this.releasing = undefined;
    await this.reload();
  }
}
