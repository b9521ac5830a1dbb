package io.budgetauthority.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.TestConfiguration;
import io.budgetauthority.configuration.AddIncrease;
import io.budgetauthority.decision.Answer;
import io.budgetauthority.decision.Ask;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Charge;
import io.budgetauthority.record.UsageQuality;
import io.budgetauthority.settlement.Settlement;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What version 0.2.0 stored is read and goes on: a tenant with open, settled and blocked calls, as
/// that version left its items. `-Dstored=write` makes the file anew, which must not be needed.
class StoredFormTest {

  private static final Path ITEMS = Path.of("src", "test", "resources", "stored-0.2.0.json");
  private static final String TENANT = "stored-by-0.2.0";
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
  private static final Deadline SOON = Deadline.in(Duration.ofSeconds(30));

  private final DynamoDbClient client = LocalCloudForTests.dynamoDb().build();

  private static List<String> tables() {
    return List.of(
        LocalCloudForTests.shared().definitions().ledgerTable().create().tableName(),
        LocalCloudForTests.shared().definitions().decisionsTable().create().tableName());
  }

  @Test
  void whenItemsAreOf020_everythingGoesOn() throws IOException {
    if ("write".equals(System.getProperty("stored"))) {
      write();
    }
    JsonNode stored = JSON.readTree(Files.readString(ITEMS));
    for (int table = 0; table < tables().size(); table++) {
      String name = tables().get(table);
      for (JsonNode item : stored.get(table)) {
        Map<String, AttributeValue> attributes = new HashMap<>();
        item.properties().forEach(it -> attributes.put(it.getKey(), value(it.getValue())));
        var unused = client.putItem(it -> it.tableName(name).item(attributes));
      }
    }
    TestAuthority service = TestAuthority.of(TENANT);

    assertThat(service.configuration.policies.now(TENANT).policy().reservationTtlSeconds())
        .isEqualTo(1_700);
    Account tenant = account(service, Scope.TENANT, "-");
    assertThat(tenant.split().count()).isEqualTo(4);
    assertThat(tenant.limit()).isEqualTo(MicroUsd.of(10_000));
    assertThat(tenant.items()).allMatch(Account::addsUp);
    assertThat(tenant.reserved()).isEqualTo(MicroUsd.of(560));
    assertThat(tenant.committed()).isEqualTo(MicroUsd.of(270));
    Account user = account(service, Scope.USER, "ada");
    assertThat(user.limit()).isEqualTo(MicroUsd.of(6_000));
    assertThat(user.limitOfCeiling()).isEqualTo(MicroUsd.of(5_000));
    assertThat(service.run("run").ancestors()).isEmpty();
    assertThat(service.run("run").tuple().userId()).isEqualTo("ada");

    Reservation committed = found(service, "committed");
    Charge charge = Objects.requireNonNull(committed.charge());
    assertThat(charge.amount()).isEqualTo(MicroUsd.of(250));
    assertThat(charge.quality()).isEqualTo(UsageQuality.EXACT);
    assertThat(Objects.requireNonNull(charge.usage().usage()).outputTokens()).isEqualTo(50);
    assertThat(found(service, "blocked").decision().isBlocked()).isTrue();
    assertThat(((Answer.Decided) ask(service, "blocked", 1_500)).replayed()).isTrue();
    assertThat(((Answer.Decided) ask(service, "open", 100)).replayed()).isTrue();
    assertThat(service.commit(service.idOf("open"), 0, 10))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(((Answer.Decided) ask(service, "new", 100)).decision().isBlocked()).isFalse();
    assertThat(account(service, Scope.TENANT, "-").committed()).isEqualTo(MicroUsd.of(320));
    assertThat(account(service, Scope.USER, "ada").reserved()).isEqualTo(MicroUsd.of(500));
    sharedRunsGoOn(service);
  }

  /// A run with shards that is open, and one that has ended.
  private static void sharedRunsGoOn(TestAuthority service) {
    Run root = service.run("root");
    assertThat(root.account().split().count()).isEqualTo(3);
    assertThat(root.account().items()).hasSize(3).allMatch(Account::addsUp);
    assertThat(root.account().reserved()).isEqualTo(MicroUsd.of(40));
    assertThat(root.account().committed()).isEqualTo(MicroUsd.of(20));
    assertThat(service.runs.children(root, 100, null))
        .extracting(Run::runId)
        .containsExactly(
            "child-0", "child-1", "child-2", "child-3", "child-4", "child-5", "child-6", "child-7");
    assertThat(service.commit(service.idOf("child-7"), 0, 1))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(((Answer.Decided) askOfBob(service, "late", "child-8", "root")).decision())
        .matches(decision -> !decision.isBlocked());
    assertThat(service.run("root").account().committed()).isEqualTo(MicroUsd.of(25));
    assertThat(service.run("ended").ended()).isEqualTo(Run.State.CLOSED);
    assertThat(askOfBob(service, "too-late", "ended", null))
        .isEqualTo(new Answer.RunClosed("ended"));
    assertThat(service.commit(service.idOf("ended-0"), 0, 1))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(service.run("ended").account().committed()).isEqualTo(MicroUsd.of(5));
  }

  /// A call of 5 micro-USD.
  private static Answer askOfBob(
      TestAuthority service, String key, String run, @Nullable String parent) {
    return service.authority.decide(
        Ask.of(
            service.gateway,
            new AskBuilder()
                .model(TestAuthority.MODEL)
                .input(0)
                .cap(1L)
                .by("bob", "ci", null)
                .parent(parent)
                .build(),
            key,
            run));
  }

  private static Answer ask(TestAuthority service, String key, int tokens) {
    return service.ask(key, "run", 0, tokens, null);
  }

  private static Reservation found(TestAuthority service, String key) {
    return service.ledger.find(TENANT, service.idOf(key), SOON).orElseThrow();
  }

  private static Account account(TestAuthority service, Scope scope, String id) {
    return service.ledger.account(AccountKey.total(TENANT, scope, id), SOON).orElseThrow();
  }

  /// Makes the file with this version.
  private void write() throws IOException {
    TestAuthority service = TestAuthority.of(TENANT);
    service.policy(new PolicyBuilder().reservationTtlSeconds(1_700).newRunsPerDay(200_000).build());
    service.ceiling(
        Scope.TENANT,
        "-",
        Window.TOTAL,
        new Ceiling(MicroUsd.of(10_000), Mode.HARD_GATE, null, List.of(50), null, null, 4));
    service.ceiling(Scope.USER, "ada", MicroUsd.of(5_000));
    service.rate(Scope.USER, "ada", RateName.USUAL, 1_000_000_000, 60, 1_000_000_000);
    assertThat(((Answer.Decided) ask(service, "open", 100)).decision().isBlocked()).isFalse();
    assertThat(
            service.configuration.addIncrease.add(
                TestConfiguration.admin(TENANT),
                new AddIncrease.Wanted(
                    "hash",
                    "request",
                    new ScopeId(TENANT, Scope.USER, "ada"),
                    Window.TOTAL,
                    MicroUsd.of(1_000),
                    service.clock.instant().plus(Duration.ofDays(300)),
                    "a release")))
        .isInstanceOf(AddIncrease.Result.Added.class);
    assertThat(((Answer.Decided) ask(service, "committed", 100)).decision().isBlocked()).isFalse();
    assertThat(service.commit(service.idOf("committed"), 0, 50))
        .isInstanceOf(Settlement.Result.Done.class);
    assertThat(((Answer.Decided) ask(service, "blocked", 1_500)).decision().isBlocked()).isTrue();
    writeSharedRuns(TestAuthority.of(TENANT, 3));
    ArrayNode all = JSON.createArrayNode();
    for (String table : tables()) {
      List<ObjectNode> items = new ArrayList<>();
      client.scanPaginator(it -> it.tableName(table).consistentRead(true)).items().stream()
          .filter(StoredFormTest::isOfTenant)
          .forEach(it -> items.add(json(it)));
      items.sort(Comparator.comparing(ObjectNode::toString));
      all.add(JSON.createArrayNode().addAll(items));
    }
    Files.writeString(ITEMS, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
  }

  private static void writeSharedRuns(TestAuthority service) {
    for (int i = 0; i < 4; i++) {
      assertThat(askOfBob(service, "root-" + i, "root", null)).isInstanceOf(Answer.Decided.class);
      assertThat(askOfBob(service, "ended-" + i, "ended", null)).isInstanceOf(Answer.Decided.class);
    }
    for (int i = 0; i < 8; i++) {
      assertThat(askOfBob(service, "child-" + i, "child-" + i, "root"))
          .isInstanceOf(Answer.Decided.class);
    }
    for (int i = 0; i < 4; i++) {
      assertThat(service.commit(service.idOf("root-" + i), 0, 1))
          .isInstanceOf(Settlement.Result.Done.class);
    }
    assertThat(service.run("root").account().items()).hasSize(3);
    assertThat(service.close("ended")).isTrue();
  }

  private static boolean isOfTenant(Map<String, AttributeValue> item) {
    AttributeValue tenant = item.get("tenant");
    return item.getOrDefault("pk", AttributeValue.fromS("")).s().startsWith(TENANT + "#")
        || (tenant != null && TENANT.equals(tenant.s()));
  }

  private static ObjectNode json(Map<String, AttributeValue> item) {
    ObjectNode json = JSON.createObjectNode();
    new TreeMap<>(item).forEach((name, value) -> json.set(name, json(value)));
    return json;
  }

  private static JsonNode json(AttributeValue value) {
    ObjectNode json = JSON.createObjectNode();
    switch (value.type()) {
      case S -> json.put("S", value.s());
      case N -> json.put("N", value.n());
      case BOOL -> json.put("BOOL", value.bool());
      case B -> json.put("B", Base64.getEncoder().encodeToString(value.b().asByteArray()));
      case L -> {
        ArrayNode list = json.putArray("L");
        value.l().forEach(it -> list.add(json(it)));
      }
      default -> throw new IllegalStateException("no item has a " + value.type());
    }
    return json;
  }

  private static AttributeValue value(JsonNode json) {
    Map.Entry<String, JsonNode> one = json.properties().iterator().next();
    JsonNode value = one.getValue();
    return switch (one.getKey()) {
      case "S" -> AttributeValue.fromS(value.textValue());
      case "N" -> AttributeValue.fromN(value.textValue());
      case "BOOL" -> AttributeValue.fromBool(value.booleanValue());
      case "B" ->
          AttributeValue.fromB(
              SdkBytes.fromByteArray(Base64.getDecoder().decode(value.textValue())));
      case "L" -> {
        List<AttributeValue> list = new ArrayList<>();
        value.forEach(it -> list.add(value(it)));
        yield AttributeValue.fromL(list);
      }
      default -> throw new IllegalStateException("no item has a " + one.getKey());
    };
  }
}
