package io.budgetauthority.bench;

import java.io.IOException;
import java.util.List;

/// Makes a tenant with one API key, and budgets, in cycles-server-admin, as the quickstart of
/// cycles-server does. For one thread at a time.
final class CyclesAdmin implements AutoCloseable {

  static final String TENANT = "bench";

  /// More than a bench spends, so that no budget is in the way.
  private static final long ALLOCATED_MICROCENTS = 90_000_000_000_000L;

  private final Wire wire;
  private final String admin;

  CyclesAdmin(int port, String adminKey) throws IOException {
    wire = new Wire(port);
    admin = "X-Admin-API-Key: " + adminKey + "\r\n";
  }

  /// Makes the tenant.
  ///
  /// @return the secret of its key, which all clients use, as all use one key of this service
  String makeTenant() throws IOException {
    String named = "{\"tenant_id\":\"" + TENANT + "\",\"name\":\"" + TENANT + "\"";
    post("/v1/admin/tenants", admin, named + "}");
    return post(
            "/v1/admin/api-keys",
            admin,
            named
                + ",\"permissions\":[\"reservations:create\",\"reservations:commit\","
                + "\"reservations:release\",\"reservations:extend\",\"reservations:list\","
                + "\"balances:read\",\"budgets:write\"]}")
        .text("key_secret");
  }

  /// Makes three budgets, one below the other.
  void makeBudgets(String workspace, String apiKey) throws IOException {
    String scope = "tenant:" + TENANT + "/workspace:" + workspace;
    for (String budgeted : List.of(scope, scope + "/app:app", scope + "/app:app/agent:agent")) {
      post(
          "/v1/admin/budgets",
          "X-Cycles-API-Key: " + apiKey + "\r\n",
          "{\"scope\":\""
              + budgeted
              + "\",\"unit\":\"USD_MICROCENTS\",\"allocated\":"
              + CyclesClient.amount(ALLOCATED_MICROCENTS)
              + "}");
    }
  }

  private Wire.Answer post(String path, String headers, String body) throws IOException {
    Wire.Answer answer = wire.send("POST", path, headers, body);
    return Client.require(answer.status() == 200 ? 200 : 201, answer);
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
