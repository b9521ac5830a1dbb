import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, Problem, send } from "../api";
import { empty, problemView, table } from "../parts";
import { Screen } from "../screen";
import { moment } from "../time";
import type { DeadLetter, DeadLetters } from "../types";

@customElement("ba-letters")
export class Letters extends Screen<DeadLetters> {
  readonly heading = "Dead letters";
  protected override readonly pause = 60_000;
  @state() private refused: Problem | undefined;
  @state() private done = "";

  private get maySend(): boolean {
    return this.caller.role === "admin" || this.caller.role === "operator";
  }

  protected load(signal: AbortSignal): Promise<DeadLetters> {
    return get<DeadLetters>("/budget/dead-letters", {}, signal);
  }

  protected view(data: DeadLetters): TemplateResult {
    return html`
      <p>
        Messages of the usage queue that could not be processed. Once the cause is corrected, a
        message can be sent again; sending it twice charges nothing twice.
      </p>
      ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
      ${this.refused ? problemView(this.refused) : nothing}
      ${data.complete
        ? nothing
        : html`<p class="muted">There may be others: another reader holds some, or the queue has more.</p>`}
      ${data.items.length === 0
        ? empty("There is no dead letter.")
        : table(
            "Dead letters of the usage queue",
            [
              "Arrived",
              this.caller.role === "operator" && "Tenant",
              this.caller.role === "operator" ? "Message" : "Reason",
              this.caller.role !== "operator" && "Message",
              this.maySend && "Send",
            ],
            data.items.map((letter) => this.row(letter)),
            "Dead letters",
          )}
    `;
  }

  private row(letter: DeadLetter): TemplateResult {
    return html`<tr>
      <td>${moment(letter.sent_at)}</td>
      ${this.caller.role === "operator" ? html`<td>${letter.tenant_id ?? "–"}</td>` : nothing}
      <th scope="row">${letter.reason ?? letter.message_id}</th>
      ${this.caller.role === "operator"
        ? nothing
        : html`<td><code>${JSON.stringify(letter.message)}</code></td>`}
      ${this.maySend
        ? html`<td>
            <button class="second" @click=${() => this.sendAgain(letter.message_id)}>Send again</button>
          </td>`
        : nothing}
    </tr>`;
  }

  private async sendAgain(id: string): Promise<void> {
    this.refused = undefined;
    this.done = "";
    try {
      await send(`/budget/dead-letters/${encodeURIComponent(id)}/redrive`, { method: "POST" });
      this.done = "The message is on the usage queue again.";
    } catch (error) {
      this.refused = error as Problem;
    }
    await this.reload();
  }
}
