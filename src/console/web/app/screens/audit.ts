import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { get } from "../api";
import { empty, more, table } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { moment } from "../time";
import type { AuditEntry, Page } from "../types";

@customElement("ba-audit")
export class Audit extends Screen<Page<AuditEntry>> {
  readonly heading = "Audit";
  protected override readonly pause = 15_000;

  protected load(signal: AbortSignal): Promise<Page<AuditEntry>> {
    return get<Page<AuditEntry>>(
      "/budget/audit",
      { after: this.place.query.get("after"), limit: 50 },
      signal,
    );
  }

  protected view(data: Page<AuditEntry>): TemplateResult {
    return html`
      ${data.items.length === 0
        ? empty("Nothing was changed yet.")
        : table(
            "Every change of configuration, the newest first",
            ["Time", "By", "What", "Change"],
            data.items.map(
              (entry) => html`<tr>
                <td>${moment(entry.at)}</td>
                <td>${entry.principal_id}</td>
                <th scope="row">${entry.subject}</th>
                <td>${changes(entry)}</td>
              </tr>`,
            ),
            "Changes",
          )}
      ${more(data.next, (after) => to(["audit"], { after }))}
    `;
  }
}

/** Only the members that differ, with both values. */
function changes(entry: AuditEntry): TemplateResult {
  if (entry.from === null) {
    return html`made <code>${JSON.stringify(entry.to)}</code>`;
  }
  if (entry.to === null) {
    return html`removed <code>${JSON.stringify(entry.from)}</code>`;
  }
  const from = entry.from as Record<string, unknown>;
  const next = entry.to as Record<string, unknown>;
  const names = [...new Set([...Object.keys(from), ...Object.keys(next)])].filter(
    (name) => JSON.stringify(from[name]) !== JSON.stringify(next[name]),
  );
  return names.length === 0
    ? html`<span class="muted">no difference</span>`
    : html`${names.map(
        (name) =>
          html`<div>
            ${name.replaceAll("_", " ")}: <code>${JSON.stringify(from[name]) ?? nothing}</code> →
            <code>${JSON.stringify(next[name]) ?? nothing}</code>
          </div>`,
      )}`;
}
