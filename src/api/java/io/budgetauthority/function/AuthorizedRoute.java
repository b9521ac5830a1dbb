package io.budgetauthority.function;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import io.quarkus.vertx.http.runtime.QuarkusHttpHeaders;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Lets requests for `/budget` in only by the HTTP API's route of `/budget`, which has the
/// authorizer if there is one. A path such as `//budget/decisions` matches the route of all other
/// paths instead, and the server would normalize it to `/budget/decisions`. Such a request is
/// answered 404, like any path that does not exist.
@Singleton
final class AuthorizedRoute {

  /// The key of the route that accepts what no other route matches.
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
