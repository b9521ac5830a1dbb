package io.budgetauthority.console;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.quarkiverse.web.bundler.runtime.Bundle;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

/// Serves the page of every screen of the console. A screen is a path below `/console`, so that it
/// can be linked to. The page has no data: its script asks the API with the key that the person
/// enters. The call needs no key.
@Path("/console")
@Produces(MediaType.TEXT_HTML + ";charset=UTF-8")
public final class ConsoleResource {

  /// Nothing comes from another host, and no code is in the page itself.
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final String PAGE =
      """
      <!doctype html>
      <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>budget-authority</title>
      <link rel="icon" href="data:,">
      <link rel="stylesheet" href="%s">
      <script type="module" src="%s"></script>
      <body><ba-console></ba-console><noscript>The console needs JavaScript.</noscript></body>
      </html>
      """;

  private final boolean enabled;
  private final String page;

  ConsoleResource(ConsoleConfig config, Bundle bundle) {
    this.enabled = config.console();
    this.page = PAGE.formatted(bundle.style("main"), bundle.script("main"));
  }

  @GET
  public Response first() {
    return page();
  }

  /// A screen, such as `/console/runs/run-1`. What is below `assets` are files and no screens.
  @GET
  @Path("{screen: (?!assets/).+}")
  public Response screen() {
    return page();
  }

  private Response page() {
    if (!enabled) {
      throw Problem.of(ProblemType.NOT_FOUND, "the console is not enabled").exception();
    }
    return Response.ok(page)
        .header(HttpHeaders.CACHE_CONTROL, "no-cache")
        .header("Content-Security-Policy", POLICY)
        .header("Referrer-Policy", "no-referrer")
        .header("X-Content-Type-Options", "nosniff")
        .build();
  }
}
