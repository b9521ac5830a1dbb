package io.budgetauthority.bench;

import java.io.IOException;

/// The service as a gateway sees it, over one connection. For one thread at a time.
final class Client implements Connection {

  private static final String GATEWAY = "Authorization: Bearer bak_demo_gateway\r\n";
  private static final String ADMIN = "Authorization: Bearer bak_demo_admin\r\n";
  private static final String USAGE =
      "{\"usage\":{\"input_tokens\":1200,\"output_tokens\":310},\"usage_quality\":\"exact\"}";

  /// More than a bench spends, so that no ceiling is in the way.
  private static final String LIMIT_USD = "900000.00";

  private final Wire wire;

  Client(int port) throws IOException {
    wire = new Wire(port);
  }

  /// Whose calls they are: a run of a user and a key which both have a ceiling, so that a decision
  /// touches three accounts.
  record Payer(String run, String user, String key) {

    static Payer of(String name) {
      return new Payer("run-" + name, "user-" + name, "key-" + name);
    }

    private String ask(String more) {
      return "{\"provider\":\"anthropic\",\"model\":\"claude-sonnet-4-5\",\"input_tokens\":1200,"
          + "\"max_output_tokens\":800,\"user_id\":\""
          + user
          + "\",\"key_id\":\""
          + key
          + "\""
          + more
          + "}";
    }
  }

  /// Waits until the service is ready, for a minute.
  static void awaitService(int port) throws InterruptedException {
    for (int attempt = 0; attempt < 1_200; attempt++) {
      try (Client client = new Client(port)) {
        if (client.isReady()) {
          return;
        }
      } catch (IOException _) {
        // Not yet.
      }
      Thread.sleep(50);
    }
    throw new IllegalStateException("the service did not start");
  }

  boolean isReady() throws IOException {
    return wire.send("GET", "/q/health/ready", "", "").status() == 200;
  }

  /// Makes the ceilings, and the run by a first decision, which is committed.
  void prepare(Payer payer) throws IOException {
    putCeiling("user", payer.user());
    putCeiling("key", payer.key());
    Wire.Answer first =
        decide(
            payer, "first-" + payer.run(), payer.ask(",\"run_limit_usd\":\"" + LIMIT_USD + "\""));
    commit(require(200, first).text("reservation_id"));
  }

  private void putCeiling(String scope, String id) throws IOException {
    require(
        201,
        wire.send(
            "PUT",
            "/budget/ceilings/" + scope + "/" + id + "/total",
            ADMIN,
            "{\"limit_usd\":\"" + LIMIT_USD + "\"}"));
  }

  @Override
  public Wire.Answer decide(Payer payer, String idempotencyKey) throws IOException {
    return decide(payer, idempotencyKey, payer.ask(""));
  }

  private Wire.Answer decide(Payer payer, String idempotencyKey, String body) throws IOException {
    String headers =
        GATEWAY + "Idempotency-Key: " + idempotencyKey + "\r\nX-Run-Id: " + payer.run() + "\r\n";
    return wire.send("POST", "/budget/decisions", headers, body);
  }

  @Override
  public Wire.Answer commit(String reservationId) throws IOException {
    return wire.send("POST", "/budget/reservations/" + reservationId + "/commit", GATEWAY, USAGE);
  }

  static Wire.Answer require(int status, Wire.Answer answer) {
    if (answer.status() != status) {
      throw new IllegalStateException(
          "expected " + status + ", but got " + answer.status() + " " + answer.body());
    }
    return answer;
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
