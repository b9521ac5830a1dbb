package io.budgetauthority.bench;

import io.budgetauthority.DecisionsTail;
import io.budgetauthority.TestAuthority;
import io.budgetauthority.attribution.AttributionStream;
import io.budgetauthority.attribution.AttributionTable;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.notification.DecisionsStream;
import io.budgetauthority.notification.Notifications;
import io.budgetauthority.notification.Thresholds;
import io.budgetauthority.storage.Database;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.GetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.GetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsResponse;

/// What a million lifecycles cost on AWS: runs some against the local DynamoDB, which reports the
/// capacity of each call by AWS's rules, and multiplies by the list prices that `bench/cost.prices`
/// has. Run by `bench/cost`.
public final class Cost {

  private static final int LIFECYCLES = 200;

  private Cost() {}

  /// The units that calls consumed, by table and kind.
  private static final class Meter implements ExecutionInterceptor {
    private final Map<String, BigDecimal> units = new TreeMap<>();

    @Override
    public SdkRequest modifyRequest(Context.ModifyRequest context, ExecutionAttributes attributes) {
      ReturnConsumedCapacity total = ReturnConsumedCapacity.TOTAL;
      return switch (context.request()) {
        case BatchGetItemRequest it -> it.toBuilder().returnConsumedCapacity(total).build();
        case GetItemRequest it -> it.toBuilder().returnConsumedCapacity(total).build();
        case PutItemRequest it -> it.toBuilder().returnConsumedCapacity(total).build();
        case TransactWriteItemsRequest it -> it.toBuilder().returnConsumedCapacity(total).build();
        case SdkRequest other -> other;
      };
    }

    @Override
    public void afterUnmarshalling(
        Context.AfterUnmarshalling context, ExecutionAttributes attributes) {
      switch (context.response()) {
        case BatchGetItemResponse it -> it.consumedCapacity().forEach(one -> add(one, "read"));
        case GetItemResponse it -> add(it.consumedCapacity(), "read");
        case PutItemResponse it -> add(it.consumedCapacity(), "write");
        case TransactWriteItemsResponse it ->
            it.consumedCapacity().forEach(one -> add(one, "write"));
        default -> {}
      }
    }

    private synchronized void add(ConsumedCapacity capacity, String kind) {
      String table = capacity.tableName().replaceAll(".*-", "");
      units.merge(
          table + " " + kind, new BigDecimal(capacity.capacityUnits().toString()), BigDecimal::add);
    }

    private synchronized Map<String, BigDecimal> take() {
      Map<String, BigDecimal> taken = new TreeMap<>(units);
      units.clear();
      return taken;
    }
  }

  /// `main()`
  public static void main(String[] arguments) throws Exception {
    Properties prices = new Properties();
    try (var in = Files.newBufferedReader(Path.of("bench", "cost.prices"))) {
      prices.load(in);
    }
    Meter meter = new Meter();
    TestAuthority service = new TestAuthority(meter);
    service.policy(Policy.DEFAULT);
    for (Scope scope : List.of(Scope.USER, Scope.KEY)) {
      service.ceiling(
          scope, scope == Scope.USER ? "ada" : "ci", Window.MONTH, MicroUsd.parse("1000.00"));
    }
    try (DecisionsTail tail = new DecisionsTail(service.tenantId);
        DynamoDbClient streaming =
            LocalCloudForTests.dynamoDb()
                .overrideConfiguration(it -> it.addExecutionInterceptor(meter))
                .build()) {
      for (int n = 0; n < LIFECYCLES; n++) {
        var unused = service.ask("cost-" + n, "run-" + n / 10, 10, 100L, MicroUsd.parse("5.00"));
      }
      Map<String, BigDecimal> decided = meter.take();
      for (int n = 0; n < LIFECYCLES; n++) {
        var unused = service.commit(service.idOf("cost-" + n), 10, 50);
      }
      Map<String, BigDecimal> settled = meter.take();
      String table =
          LocalCloudForTests.shared().definitions().attributionTable().create().tableName();
      Database database = new Database(streaming);
      DecisionsStream stream =
          new DecisionsStream(
              new AttributionStream(
                  new AttributionTable(database, table), service.configuration.policies),
              new Notifications(new Thresholds(database, table, service.clock), events -> {}),
              service.clock);
      var records = tail.read();
      for (int from = 0; from < records.size(); from += 100) {
        var unused = stream.consume(records.subList(from, Math.min(from + 100, records.size())));
      }
      report(
          Map.of("1 decisions", decided, "2 settlements", settled, "3 attribution", meter.take()),
          prices);
    }
    reportMore(service, meter);
    reportIdleMonth(prices);
    System.exit(0);
  }

  private static void report(Map<String, Map<String, BigDecimal>> steps, Properties prices) {
    System.out.println(
        "A million lifecycles (a decision of a run with two ceilings, and its commit):\n");
    BigDecimal sum = BigDecimal.ZERO;
    for (var step : new TreeMap<>(steps).entrySet()) {
      for (var units : step.getValue().entrySet()) {
        boolean writes = units.getKey().endsWith("write");
        BigDecimal each =
            units.getValue().divide(new BigDecimal(LIFECYCLES), 3, RoundingMode.HALF_UP);
        BigDecimal cost = each.multiply(price(prices, writes ? "dynamodb.write" : "dynamodb.read"));
        sum = sum.add(cost);
        line(step.getKey().substring(2), units.getKey() + " units", each, cost);
      }
    }
    for (String name :
        List.of(
            "api.request",
            "lambda.request",
            "lambda.millisecond",
            "sqs.request",
            "stream.read",
            "log.line",
            "lambda.log",
            "metrics.log")) {
      BigDecimal each = price(prices, name + ".each");
      BigDecimal cost = each.multiply(price(prices, name));
      sum = sum.add(cost);
      line("around it", name, each, cost);
    }
    line("together", "", BigDecimal.ONE, sum);
  }

  /// What three more windows of one ceiling add to a lifecycle, and what a rate adds to that.
  private static void reportMore(TestAuthority service, Meter meter) {
    Map<String, BigDecimal> one = lifecycles(service, meter, "one");
    for (Window window : List.of(Window.HOUR, Window.WEEK, Window.QUARTER)) {
      service.ceiling(Scope.USER, "ada", window, MicroUsd.parse("1000.00"));
    }
    Map<String, BigDecimal> four = lifecycles(service, meter, "four");
    reportMore("three more windows of one ceiling", one, four);
    service.rate(Scope.USER, "ada", RateName.USUAL, 1_000_000_000, 60, 1_000_000_000);
    reportMore("a rate beside them", four, lifecycles(service, meter, "rate"));
  }

  private static void reportMore(
      String what, Map<String, BigDecimal> before, Map<String, BigDecimal> after) {
    System.out.println("\nA lifecycle with " + what + ":\n");
    after.forEach(
        (units, with) -> {
          BigDecimal more = with.subtract(before.getOrDefault(units, BigDecimal.ZERO));
          System.out.printf(
              "%-28s %s more%n",
              units,
              more.divide(new BigDecimal(LIFECYCLES), 2, RoundingMode.HALF_UP).toPlainString());
        });
  }

  private static Map<String, BigDecimal> lifecycles(
      TestAuthority service, Meter meter, String name) {
    for (int n = 0; n < LIFECYCLES; n++) {
      String key = name + "-" + n;
      var unused = service.ask(key, "run-" + name + n / 10, 10, 100L, MicroUsd.parse("5.00"));
      var unusedToo = service.commit(service.idOf(key), 10, 50);
    }
    return meter.take();
  }

  private static void reportIdleMonth(Properties prices) throws IOException {
    System.out.println("\nA month in which nobody asks anything:\n");
    BigDecimal alarms =
        new BigDecimal(
            Files.readString(Path.of("infra", "watch.yaml"))
                .lines()
                .filter(it -> it.strip().equals("Type: AWS::CloudWatch::Alarm"))
                .count());
    BigDecimal sum = alarms.multiply(price(prices, "idle.alarm"));
    line("alarms", "idle.alarm", alarms, sum);
    for (String name :
        List.of(
            "idle.metric",
            "idle.sweep.request",
            "idle.sweep.millisecond",
            "idle.sweep.read",
            "idle.sweep.log.byte",
            "idle.key")) {
      BigDecimal each = price(prices, name + ".each");
      BigDecimal cost = each.multiply(price(prices, name));
      sum = sum.add(cost);
      line("around it", name, each, cost);
    }
    line("together", "", BigDecimal.ONE, sum);
  }

  /// USD for a million, or how many there are of it in a lifecycle.
  private static BigDecimal price(Properties prices, String name) {
    return new BigDecimal(Objects.requireNonNull(prices.getProperty(name), name));
  }

  private static void line(String step, String what, BigDecimal each, BigDecimal cost) {
    System.out.printf(
        "%-14s %-28s %10s each %10s USD%n",
        step, what, each.toPlainString(), cost.setScale(2, RoundingMode.HALF_UP));
  }
}
