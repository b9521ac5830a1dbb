package io.budgetauthority.bench;

import java.io.IOException;
import java.util.List;

/// Makes tenants, API keys and budgets in cycles-server-admin, as the quickstart of cycles-server
/// does. For one thread at a time.
final class CyclesAdmin implements AutoCloseable {

  /// More than a bench spends, so that no budget is in the way.
  private static final long ALLOCATED_MICROCENTS = 90_000_000_000_000L;

  private final Wire wire;
  private final String admin;

  CyclesAdmin(int port, String adminKey) throws IOException {
    wire = new Wire(port);
    admin = "X-Admin-API-Key: " + adminKey + "\r\n";
  }

  /// Makes a tenant with three budgets, one below the other, and a key.
  ///
  /// @return the key's secret
  String prepare(String tenant) throws IOException {
    String named = "{\"tenant_id\":\"" + tenant + "\",\"name\":\"" + tenant + "\"";
    post("/v1/admin/tenants", admin, named + "}");
    String secret =
        post(
                "/v1/admin/api-keys",
                admin,
                named
                    + ",\"permissions\":[\"reservations:create\",\"reservations:commit\","
                    + "\"reservations:release\",\"reservations:extend\",\"reservations:list\","
                    + "\"balances:read\",\"budgets:write\"]}")
            .text("key_secret");
    String scope = "tenant:" + tenant;
    for (String budgeted :
        List.of(scope, scope + "/workspace:team", scope + "/workspace:team/agent:agent")) {
      post(
          "/v1/admin/budgets",
          "X-Cycles-API-Key: " + secret + "\r\n",
          "{\"scope\":\""
              + budgeted
              + "\",\"unit\":\"USD_MICROCENTS\",\"allocated\":"
              + CyclesClient.amount(ALLOCATED_MICROCENTS)
              + "}");
    }
    return secret;
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
