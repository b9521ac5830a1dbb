package io.budgetauthority.api;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import io.quarkus.vertx.http.runtime.QuarkusHttpHeaders;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Keeps requests for `/budget` to the HTTP API's route of `/budget`, which is the one that has the
/// authorizer where there is one. A path such as `//budget/decisions` matches the route of all
/// other paths instead, and the server's own normalization would make `/budget/decisions` of it: it
/// is answered like any other path that there is nothing at.
@Singleton
final class AuthorizedRoute {

  /// The key of the route that takes what no other one matches.
  private static final String CATCH_ALL = "$default";

  private static final String AUTHORIZED = "/budget";
  private static final String NOTHING = "/-";
  private static final int FIRST = 20_000;

  void register(@Observes Filters filters) {
    filters.register(AuthorizedRoute::pass, FIRST);
  }

  private static void pass(RoutingContext request) {
    if (isPastTheAuthorizer(routeKey(request), request.normalizedPath())) {
      request.reroute(NOTHING);
    } else {
      request.next();
    }
  }

  /// Whether a request came by the catch-all route and would be answered as one for `/budget`.
  static boolean isPastTheAuthorizer(@Nullable String routeKey, String normalizedPath) {
    return CATCH_ALL.equals(routeKey)
        && normalizedPath.toLowerCase(Locale.ROOT).startsWith(AUTHORIZED);
  }

  private static @Nullable String routeKey(RoutingContext request) {
    return request.request().headers() instanceof QuarkusHttpHeaders headers
            && headers.getContextObject(APIGatewayV2HTTPEvent.class) != null
        ? headers.getContextObject(APIGatewayV2HTTPEvent.class).getRouteKey()
        : null;
  }
}
