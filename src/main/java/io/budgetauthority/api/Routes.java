package io.budgetauthority.api;

import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Which methods each path takes, for the `Allow` of a 405 (RFC 9110, section 15.5.6), which the
/// router leaves out. A test holds this against the OpenAPI document.
final class Routes {

  /// A path as the document writes it, and its methods.
  record Route(String path, List<String> methods, Pattern pattern) {
    Route(String path, String... methods) {
      this(
          path,
          List.of(methods),
          Pattern.compile(path.replaceAll("\\{[a-z_]+}", "[^/]+").replace(".", "\\.")));
    }
  }

  static final List<Route> ALL =
      List.of(
          new Route("/budget/decisions", "POST"),
          new Route("/budget/decisions/cancel", "POST"),
          new Route("/budget/decisions/{decision_id}", "GET"),
          new Route("/budget/reservations/{reservation_id}/forward", "POST"),
          new Route("/budget/reservations/{reservation_id}/commit", "POST"),
          new Route("/budget/reservations/{reservation_id}/release", "POST"),
          new Route("/budget/reservations/{reservation_id}/extend", "POST"),
          new Route("/budget/reservations/{reservation_id}/retarget", "POST"),
          new Route("/budget/usage", "POST"),
          new Route("/budget/runs", "GET", "POST"),
          new Route("/budget/runs/{run_id}", "GET", "PATCH"),
          new Route("/budget/runs/{run_id}/decisions", "GET"),
          new Route("/budget/attribution", "GET"),
          new Route("/budget/reconciliation", "GET"),
          new Route("/budget/balances", "GET"),
          new Route("/budget/ceilings", "GET"),
          new Route("/budget/ceilings/{scope}/{id}/{window}", "GET", "PUT", "DELETE"),
          new Route("/budget/policy", "GET", "PUT"),
          new Route("/budget/price-overrides", "GET", "PUT", "DELETE"),
          new Route("/budget/price-tables", "GET", "POST"),
          new Route("/budget/price-tables/{version}", "GET"),
          new Route("/budget/price-tables/{version}/publish", "POST"),
          new Route("/budget/keys", "GET", "POST"),
          new Route("/budget/keys/{id}/rotate", "POST"),
          new Route("/budget/keys/{id}", "DELETE"),
          new Route("/budget/tenants", "GET", "POST"),
          new Route("/budget/audit", "GET"),
          new Route("/problems/{code}", "GET"));

  private Routes() {}

  /// The `Allow` of a path that refused a method. A resource that refuses one of its path's own
  /// methods, such as the end of a run's limit, has the others.
  static String allowed(String path, String refused) {
    TreeSet<String> methods = new TreeSet<>(List.of("OPTIONS"));
    for (Route route : ALL) {
      if (route.pattern().matcher(path).matches()) {
        methods.addAll(route.methods());
      }
    }
    if (methods.contains("GET")) {
      methods.add("HEAD");
    }
    methods.remove(refused);
    return String.join(", ", methods);
  }
}
