package io.budgetauthority.local;

import io.budgetauthority.configuration.CreateTenant;
import io.budgetauthority.configuration.write.SnapshotPublisher;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.price.table.PriceTableJson;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Role;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.http.HttpServerStart;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jboss.logging.Logger;

/// Stores the first data in an empty store: a tenant `demo` with the default policy, a key for
/// every role, and a real price table. The keys are no secrets, and exist in the local build alone.
@Singleton
final class FirstData {

  private static final Logger LOG = Logger.getLogger("budget.local");
  private static final String TENANT = "demo";
  private static final String TABLE = "/prices/2026-11-24.json.gz";

  /// Runs this before the price book reads the bucket.
  private static final int BEFORE_PRICES = 1_000;

  private static final Caller OPERATOR = new Caller("", "operator", Role.OPERATOR, null, null);

  /// The callers of the demo keys by their secrets.
  static final Map<String, Caller> KEYS =
      Map.of(
          "bak_demo_operator", OPERATOR,
          "bak_demo_admin", new Caller(TENANT, "admin", Role.ADMIN, null, null),
          "bak_demo_gateway", new Caller(TENANT, "gateway", Role.GATEWAY, null, null),
          "bak_demo_agent", new Caller(TENANT, "agent", Role.AGENT, "demo-user", "demo-key"),
          "bak_demo_viewer", new Caller(TENANT, "viewer", Role.VIEWER, null, null));

  private final CreateTenant createTenant;
  private final PriceStore prices;
  private final SnapshotPublisher snapshotPublisher;

  FirstData(CreateTenant createTenant, PriceStore prices, SnapshotPublisher snapshotPublisher) {
    this.createTenant = createTenant;
    this.prices = prices;
    this.snapshotPublisher = snapshotPublisher;
  }

  void onStart(@Observes @Priority(BEFORE_PRICES) StartupEvent event) {
    if (prices.current().isEmpty()) {
      prices.publish(readTable());
    }
    boolean created = createTenant.create(OPERATOR, TENANT, Policy.DEFAULT, KEYS);
    LOG.debugf("the demo tenant %s", created ? "was created" : "exists");
    snapshotPublisher.publishPending();
  }

  /// Logs the address once the service listens.
  void onListening(@ObservesAsync HttpServerStart event) {
    LOG.infof(
        "budget-authority listens on http://127.0.0.1:%d - keys: bak_demo_gateway, bak_demo_agent,"
            + " bak_demo_admin, bak_demo_viewer, bak_demo_operator",
        event.options().getPort());
  }

  private static PriceTable readTable() {
    try (InputStream table = FirstData.class.getResourceAsStream(TABLE)) {
      if (table == null) {
        throw new IllegalStateException("the build lacks its price table " + TABLE);
      }
      return PriceTableJson.read(table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
