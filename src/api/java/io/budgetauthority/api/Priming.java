package io.budgetauthority.api;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent.RequestContext;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import io.budgetauthority.decision.Authority;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Any;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.jboss.logging.Logger;

/// Does what a first decision would do, before Lambda takes its snapshot of the started function
/// (SnapStart): a request on its whole way through the server that nobody may make, and a dry run
/// of a tenant that there is none of. Classes are loaded and initialised then, and code that is
/// used by every call has run once. Nothing is written. Elsewhere nobody calls it.
@Singleton
final class Priming implements Resource {

  private static final Logger LOG = Logger.getLogger("budget.api");

  private static final Caller NOBODY = new Caller("-", "-", Role.GATEWAY, "-", "-");

  private static final String ASK =
      """
      {"provider": "openai", "model": "gpt-4o-mini", "input_bytes": 1000, "max_output_tokens": 100,
       "dry_run": true, "user_id": "-", "team_id": "-", "feature_id": "-"}
      """;

  private final RequestHandler<APIGatewayV2HTTPEvent, APIGatewayV2HTTPResponse> server;
  private final Authority authority;

  /// @param server what the function hands its requests to
  Priming(
      @Any RequestHandler<APIGatewayV2HTTPEvent, APIGatewayV2HTTPResponse> server,
      Authority authority) {
    this.server = server;
    this.authority = authority;
  }

  void onStart(@Observes StartupEvent event) {
    Core.getGlobalContext().register(this);
  }

  /// A ledger that does not answer now must not keep the function from being published.
  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) {
    try {
      APIGatewayV2HTTPResponse refused = server.handleRequest(request(), null);
      var unused =
          authority.decide(
              new Authority.Ask(
                  NOBODY,
                  DecisionRequestJson.read(ASK.getBytes(StandardCharsets.UTF_8), NOBODY),
                  null,
                  "-"));
      LOG.infof("primed by a request that got %d and a dry run", refused.getStatusCode());
    } catch (RuntimeException e) {
      LOG.warnf(e, "the function is not primed");
    }
  }

  @Override
  public void afterRestore(Context<? extends Resource> context) {
    // Connections that did not outlive the snapshot are made anew by whoever finds them closed.
  }

  private static APIGatewayV2HTTPEvent request() {
    return APIGatewayV2HTTPEvent.builder()
        .withVersion("2.0")
        .withRawPath("/budget/decisions")
        .withHeaders(
            Map.of(
                "authorization", "Bearer bak_nobody",
                "content-type", "application/json",
                "host", "localhost"))
        .withRequestContext(
            RequestContext.builder()
                .withHttp(
                    RequestContext.Http.builder()
                        .withMethod("POST")
                        .withPath("/budget/decisions")
                        .build())
                .build())
        .withBody(ASK)
        .build();
  }
}
