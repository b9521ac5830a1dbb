package io.budgetauthority.local;

import io.budgetauthority.notification.BudgetEvent;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The last events that a subscriber of the event bus would have received, as JSON and as a page
/// that refreshes itself. It is in the local build alone, where it needs no key.
@Path("/local/events")
public final class LocalEventsResource {

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>Budget events</title>
      <style>
        body { font: 0.9rem/1.4 sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem }
        td, th { padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; border-top: 1px solid #ccc }
        code { overflow-wrap: anywhere }
      </style>
      <h1>Budget events</h1>
      <p>The last events that went out since this service started, as a subscriber of the bus hears them.</p>
      <table><thead><tr><th>time<th>type<th>tenant<th>what</thead><tbody id="events"></tbody></table>
      <script>
        const rows = document.getElementById('events')
        async function show() {
          const answer = await fetch('/local/events?limit=200', { headers: { Accept: 'application/json' } })
          const { items } = await answer.json()
          rows.replaceChildren(...items.map(({ id, type, tenant_id, time, ...detail }) => {
            const row = document.createElement('tr')
            row.title = id
            for (const text of [time, type, tenant_id, null]) {
              const cell = row.insertCell()
              if (text !== null) { cell.textContent = text; continue }
              const code = document.createElement('code')
              code.textContent = JSON.stringify(detail)
              cell.append(code)
            }
            return row
          }))
        }
        show()
        setInterval(show, 1000)
      </script>
      </html>
      """;

  private static final int USUAL = 50;

  private final LocalEvents events;

  LocalEventsResource(LocalEvents events) {
    this.events = events;
  }

  /// The last events, the newest first.
  public record Heard(List<BudgetEvent> items) {
    public Heard {
      items = List.copyOf(items);
    }
  }

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  public Heard list(
      @QueryParam("tenant_id") @Nullable String tenantId,
      @QueryParam("type") @Nullable String type,
      @QueryParam("limit") @Nullable Integer limit) {
    return new Heard(
        events
            .last(
                event ->
                    (tenantId == null || event.tenantId().equals(tenantId))
                        && (type == null || event.type().wireName().equals(type)))
            .stream()
            .limit(limit == null ? USUAL : Math.max(0, limit))
            .toList());
  }

  /// The last event of a tenant and type; 404 if there was none.
  @GET
  @Path("/last")
  @Produces(MediaType.APPLICATION_JSON)
  public BudgetEvent last(
      @QueryParam("tenant_id") @Nullable String tenantId,
      @QueryParam("type") @Nullable String type) {
    return list(tenantId, type, 1).items().stream().findFirst().orElseThrow(NotFoundException::new);
  }

  @GET
  @Produces(MediaType.TEXT_HTML + ";charset=UTF-8")
  public String page() {
    return PAGE;
  }
}
