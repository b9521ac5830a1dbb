package io.budgetauthority.api.http;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The methods of each path, for the `Allow` of a 405 (RFC 9110, section 15.5.6), which the router
/// omits. A test compares this table with the OpenAPI document.
public final class Routes {

  /// A path as the OpenAPI document writes it, and its methods.
  record Route(String path, List<String> methods, Pattern pattern) {
    Route(String path, String... methods) {
      this(
          path,
          List.of(methods),
          Pattern.compile(path.replaceAll("\\{[a-z_]+}", "[^/]+").replace(".", "\\.")));
    }
  }

  /// Every route of the service.
  static final List<Route> ALL =
      List.of(
          new Route("/budget/decisions", "GET", "POST"),
          new Route("/budget/decisions/cancel", "POST"),
          new Route("/budget/decisions/{decision_id}", "GET"),
          new Route("/budget/decisions/{decision_id}/bill", "GET"),
          new Route("/budget/reservations/{reservation_id}/forward", "POST"),
          new Route("/budget/reservations/{reservation_id}/commit", "POST"),
          new Route("/budget/reservations/{reservation_id}/release", "POST"),
          new Route("/budget/reservations/{reservation_id}/extend", "POST"),
          new Route("/budget/reservations/{reservation_id}/retarget", "POST"),
          new Route("/budget/usage", "POST"),
          new Route("/budget/holds", "GET"),
          new Route("/budget/activity", "GET"),
          new Route("/budget/dead-letters", "GET"),
          new Route("/budget/dead-letters/{message_id}/redrive", "POST"),
          new Route("/budget/runs", "GET", "POST"),
          new Route("/budget/runs/{run_id}", "GET", "PATCH"),
          new Route("/budget/runs/{run_id}/children", "GET"),
          new Route("/budget/runs/{run_id}/decisions", "GET"),
          new Route("/budget/attribution", "GET"),
          new Route("/budget/reconciliation", "GET"),
          new Route("/budget/balances", "GET"),
          new Route("/budget/accounts", "GET"),
          new Route("/budget/caller", "GET"),
          new Route("/budget/prices", "GET"),
          new Route("/budget/ceilings", "GET"),
          new Route("/budget/ceilings/{scope}/{id}/{window}", "GET", "PUT", "DELETE"),
          new Route("/budget/increases", "GET", "POST"),
          new Route("/budget/increases/{increase_id}", "DELETE"),
          new Route("/budget/policy", "GET", "PUT"),
          new Route("/budget/policy/what-if", "POST"),
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

  private static final List<String> PAGE = List.of("limit", "after");

  /// The query parameters of every query about spend.
  public static final List<String> SPEND =
      List.of(
          "from",
          "to",
          "day",
          "run_id",
          "user_id",
          "key_id",
          "team_id",
          "feature_id",
          "provider",
          "model",
          "request_class",
          "limit",
          "after");

  /// The query parameters of a method and a path. A path that is not listed has none.
  private static final Map<String, List<String>> PARAMETERS =
      Map.ofEntries(
          entry("GET /budget/decisions", decisions("limit", "after")),
          entry("POST /budget/policy/what-if", decisions()),
          entry("GET /budget/holds", PAGE),
          entry("GET /budget/activity", List.of("from", "to", "step")),
          entry("GET /budget/runs", List.of("user_id", "state", "limit", "after")),
          entry("GET /budget/runs/{run_id}/children", PAGE),
          entry("GET /budget/runs/{run_id}/decisions", PAGE),
          entry("GET /budget/attribution", spend("group_by", "format")),
          entry("GET /budget/reconciliation", spend()),
          entry(
              "GET /budget/balances",
              List.of("run_id", "user_id", "key_id", "team_id", "feature_id")),
          entry("GET /budget/accounts", List.of("scope", "id", "limit", "after")),
          entry("GET /budget/prices", List.of("provider", "model")),
          entry("GET /budget/increases", List.of("scope", "id", "state", "limit", "after")),
          entry("GET /budget/ceilings", List.of("scope", "id", "limit", "after")),
          entry("GET /budget/price-overrides", List.of("provider", "model", "limit", "after")),
          entry("PUT /budget/price-overrides", List.of("provider", "model")),
          entry("DELETE /budget/price-overrides", List.of("provider", "model")),
          entry("GET /budget/price-tables", PAGE),
          entry("GET /budget/keys", PAGE),
          entry("GET /budget/tenants", PAGE),
          entry("GET /budget/audit", PAGE));

  private static List<String> decisions(String... beside) {
    return with(
        List.of("outcome", "from", "to", "user_id", "key_id", "run_id", "model", "code"), beside);
  }

  private static List<String> spend(String... beside) {
    return with(SPEND, beside);
  }

  private static List<String> with(List<String> some, String... beside) {
    List<String> names = new ArrayList<>(some);
    names.addAll(List.of(beside));
    return List.copyOf(names);
  }

  /// The route of a path. A route without a variable takes precedence over one with a variable.
  private static Optional<Route> of(String path) {
    return ALL.stream()
        .filter(route -> route.pattern().matcher(path).matches())
        .min(Comparator.comparing(route -> !route.path().equals(path)));
  }

  /// The query parameters that a method of a path has; empty if the path does not exist.
  static Optional<List<String>> parameters(String method, String path) {
    String asked = method.equals("HEAD") ? "GET" : method;
    return of(path).map(route -> PARAMETERS.getOrDefault(asked + " " + route.path(), List.of()));
  }

  /// The `Allow` of a path; empty if the path does not exist.
  static Optional<String> allowed(String path) {
    return of(path).map(route -> String.join(", ", methods(route)));
  }

  /// The `Allow` of a path that refused a method. It omits that method, because a resource may
  /// refuse one of its path's own methods, such as the `DELETE` of a run's ceiling.
  static String allowed(String path, String refused) {
    TreeSet<String> methods =
        of(path).map(Routes::methods).orElseGet(() -> new TreeSet<>(List.of("OPTIONS")));
    methods.remove(refused);
    return String.join(", ", methods);
  }

  private static TreeSet<String> methods(Route route) {
    TreeSet<String> methods = new TreeSet<>(route.methods());
    methods.add("OPTIONS");
    if (methods.contains("GET")) {
      methods.add("HEAD");
    }
    return methods;
  }
}
