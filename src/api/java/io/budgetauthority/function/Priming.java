package io.budgetauthority.function;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPEvent.RequestContext;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2HTTPResponse;
import io.budgetauthority.api.decision.DecisionRequestJson;
import io.budgetauthority.decision.Ask;
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

/// Prepares the function before Lambda takes its snapshot (SnapStart), so that the first decision
/// is fast. It sends a request with an unknown key through the whole server, and makes a dry run
/// for a tenant that does not exist. This loads and initialises classes, and runs the code of every
/// call once. It writes nothing. Outside Lambda nobody calls it.
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

  /// @param server the handler that gets the function's requests
  Priming(
      @Any RequestHandler<APIGatewayV2HTTPEvent, APIGatewayV2HTTPResponse> server,
      Authority authority) {
    this.server = server;
    this.authority = authority;
  }

  void onStart(@Observes StartupEvent event) {
    Core.getGlobalContext().register(this);
  }

  /// Runs the preparation. A ledger that does not answer must not prevent the publication of the
  /// function, so a failure is only logged.
  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) {
    try {
      APIGatewayV2HTTPResponse refused = server.handleRequest(request(), null);
      var unused =
          authority.decide(
              Ask.of(
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
    // Connections that are closed after the restore are opened again by the code that uses them.
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
