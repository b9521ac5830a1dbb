package io.budgetauthority.bench;

import java.io.IOException;

/// cycles-server as its clients see it, over one connection: the request bodies are those of its
/// quickstart. A payer is a tenant of its own, whose calls are checked against three budgets: of
/// the tenant, of a workspace in it and of an agent in that. For one thread at a time.
final class CyclesClient implements Connection {

  /// Of the same call as [Client] asks for: 1200 tokens of input, 800 of output, 310 used.
  private static final String ESTIMATE = amount(1_560_000);

  private static final String ACTUAL = amount(825_000);

  private final Wire wire;
  private final String headers;
  private final String reserve;

  CyclesClient(int port, String workspace, String apiKey) throws IOException {
    wire = new Wire(port);
    headers = "X-Cycles-API-Key: " + apiKey + "\r\n";
    reserve =
        "\",\"subject\":{\"tenant\":\""
            + CyclesAdmin.TENANT
            + "\",\"workspace\":\""
            + workspace
            + "\",\"app\":\"app\",\"agent\":\"agent\"},\"action\":{\"kind\":"
            + "\"llm.completion\",\"name\":\"anthropic:claude-sonnet-4-5\"},\"estimate\":"
            + ESTIMATE
            + ",\"ttl_ms\":30000}";
  }

  /// An amount of money.
  ///
  /// @param microcents hundredths of a micro-USD
  static String amount(long microcents) {
    return "{\"amount\":" + microcents + ",\"unit\":\"USD_MICROCENTS\"}";
  }

  @Override
  public Wire.Answer decide(Client.Payer payer, String idempotencyKey) throws IOException {
    return wire.send(
        "POST", "/v1/reservations", headers, "{\"idempotency_key\":\"" + idempotencyKey + reserve);
  }

  @Override
  public Wire.Answer commit(String reservationId) throws IOException {
    return wire.send(
        "POST",
        "/v1/reservations/" + reservationId + "/commit",
        headers,
        "{\"idempotency_key\":\"commit-" + reservationId + "\",\"actual\":" + ACTUAL + "}");
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
