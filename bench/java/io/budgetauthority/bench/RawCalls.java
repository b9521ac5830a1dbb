package io.budgetauthority.bench;

import io.budgetauthority.ledger.ReservationId;
import io.budgetauthority.local.CloudDefinitions;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.tenant.Scope;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsResponse;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// The calls to DynamoDB that a decision and its settlement cannot do without, made by the same SDK
/// over the same HTTP client to the same server and tables, on accounts and decisions of the same
/// shape and size: the service's own items, under other keys. For one thread at a time.
final class RawCalls implements AutoCloseable {

  private static final String TENANT = "demo";
  private static final long RUN_LIFE_MILLIS = 86_400_000;
  private static final String TAKE = "SET res = res + :hold, avl = avl - :hold";
  private static final String TAKEN = "cver = :cseen AND pver = :pseen AND avl >= :hold";
  private static final String RENEW = TAKE + ", run_expires = :expires, run_due_at = :expires";
  private static final String STILL_OPEN = TAKEN + " AND run_closed = :open";
  private static final String POST = "SET res = res + :res, cmt = cmt + :cmt, avl = avl + :avl";

  private final DynamoDbClient dynamoDb;
  private final String ledger = CloudDefinitions.read().ledgerTable().create().tableName();
  private final String decisions = CloudDefinitions.read().decisionsTable().create().tableName();
  private final List<Map<String, AttributeValue>> accounts;
  private final Map<String, AttributeValue> run;
  private final Map<String, AttributeValue> reserved;
  private final Map<String, AttributeValue> committed;
  private final AttributeValue hold;
  private ReturnConsumedCapacity report = ReturnConsumedCapacity.NONE;

  private RawCalls(
      DynamoDbClient dynamoDb,
      Client.Payer payer,
      Map<String, AttributeValue> reserved,
      Map<String, AttributeValue> committed) {
    this.dynamoDb = dynamoDb;
    this.run = accountKey(Scope.RUN, payer.run());
    this.accounts =
        List.of(run, accountKey(Scope.USER, payer.user()), accountKey(Scope.KEY, payer.key()));
    this.reserved = reserved;
    this.committed = committed;
    this.hold =
        AttributeValue.fromN(
            Long.toString(
                Objects.requireNonNull(
                        RecordJson.unpackDecision(
                                Objects.requireNonNull(Attributes.of(reserved).bytesOrNull("d")))
                            .estimate())
                    .micros()));
  }

  /// Learns the items from a decision and a settlement of the service. `payer` is for these calls
  /// alone.
  static RawCalls like(Client service, Client.Payer payer, URI endpoint) throws IOException {
    service.prepare(payer);
    DynamoDbClient dynamoDb =
        DynamoDbClient.builder()
            .httpClientBuilder(ApacheHttpClient.builder())
            .endpointOverride(endpoint)
            .region(LocalCloud.region())
            .credentialsProvider(LocalCloud.credentials())
            .build();
    Wire.Answer decision = Client.require(200, service.decide(payer, "as-" + payer.run()));
    ReservationId id = ReservationId.ofDecisionId(decision.text("decision_id")).orElseThrow();
    String table = CloudDefinitions.read().decisionsTable().create().tableName();
    Map<String, AttributeValue> reserved = item(dynamoDb, table, id.hash());
    Client.require(200, service.commit(decision.text("reservation_id")));
    return new RawCalls(dynamoDb, payer, reserved, item(dynamoDb, table, id.hash()));
  }

  private static Map<String, AttributeValue> item(
      DynamoDbClient dynamoDb, String table, String hash) {
    return dynamoDb
        .getItem(get -> get.tableName(table).key(Map.of("pk", text(hash))).consistentRead(true))
        .item();
  }

  /// One consistent batch of a new decision's key and three accounts; one transaction that puts the
  /// decision and updates the accounts.
  TransactWriteItemsResponse reserve(String hash) {
    AttributeValue pk = text(hash);
    BatchGetItemResponse seen =
        dynamoDb.batchGetItem(
            batch ->
                batch.requestItems(
                    Map.of(
                        ledger,
                        consistent(accounts),
                        decisions,
                        consistent(List.of(Map.of("pk", pk))))));
    if (seen.responses().getOrDefault(ledger, List.of()).size() != accounts.size()) {
      throw new IllegalStateException("the accounts are not there");
    }
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(
        put(
            pk,
            reserved,
            put ->
                put.conditionExpression("attribute_not_exists(pk)")
                    .returnValuesOnConditionCheckFailure(
                        ReturnValuesOnConditionCheckFailure.ALL_OLD)));
    for (Map<String, AttributeValue> account : seen.responses().getOrDefault(ledger, List.of())) {
      writes.add(TransactWriteItem.builder().update(take(account)).build());
    }
    return transact(writes);
  }

  private Update take(Map<String, AttributeValue> account) {
    Map<String, AttributeValue> key =
        Map.of("pk", attribute(account, "pk"), "sk", attribute(account, "sk"));
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":hold", hold);
    values.put(":cseen", attribute(account, "cver"));
    values.put(":pseen", attribute(account, "pver"));
    Update.Builder update = Update.builder().tableName(ledger).key(key);
    if (key.equals(run)) {
      values.put(":expires", number(System.currentTimeMillis() + RUN_LIFE_MILLIS));
      values.put(":open", AttributeValue.builder().bool(false).build());
      update.updateExpression(RENEW).conditionExpression(STILL_OPEN);
    } else {
      update.updateExpression(TAKE).conditionExpression(TAKEN);
    }
    return update.expressionAttributeValues(values).build();
  }

  /// One consistent read of the decision; one transaction that replaces it and updates the
  /// accounts.
  TransactWriteItemsResponse commit(String hash) {
    AttributeValue pk = text(hash);
    Map<String, AttributeValue> seen =
        dynamoDb
            .getItem(get -> get.tableName(decisions).key(Map.of("pk", pk)).consistentRead(true))
            .item();
    AttributeValue revision = attribute(seen, "rev");
    AttributeValue charge = attribute(committed, "charge");
    long heldMicros = Long.parseLong(hold.n());
    Map<String, AttributeValue> values =
        Map.of(
            ":res", number(-heldMicros),
            ":cmt", charge,
            ":avl", number(heldMicros - Long.parseLong(charge.n())));
    List<TransactWriteItem> writes = new ArrayList<>();
    writes.add(
        put(
            pk,
            committed,
            put ->
                put.conditionExpression("rev = :revision")
                    .expressionAttributeValues(Map.of(":revision", revision))));
    for (Map<String, AttributeValue> account : accounts) {
      writes.add(
          TransactWriteItem.builder()
              .update(
                  update ->
                      update
                          .tableName(ledger)
                          .key(account)
                          .updateExpression(POST)
                          .conditionExpression("attribute_exists(pk)")
                          .expressionAttributeValues(values))
              .build());
    }
    return transact(writes);
  }

  /// What one decision and its settlement consume.
  ///
  /// @param itemBytes of the decision's item as it is first written
  record Units(int itemBytes, double reserve, double commit) {}

  Units units(String hash) {
    report = ReturnConsumedCapacity.TOTAL;
    try {
      return new Units(bytes(reserved), sum(reserve(hash)), sum(commit(hash)));
    } finally {
      report = ReturnConsumedCapacity.NONE;
    }
  }

  private static double sum(TransactWriteItemsResponse answer) {
    return answer.consumedCapacity().stream().mapToDouble(ConsumedCapacity::capacityUnits).sum();
  }

  /// By DynamoDB's rule: names and texts in UTF-8, a number at a byte for two digits and one more.
  private static int bytes(Map<String, AttributeValue> item) {
    int sum = 0;
    for (Map.Entry<String, AttributeValue> attribute : item.entrySet()) {
      sum += utf8(attribute.getKey()) + bytes(attribute.getValue());
    }
    return sum;
  }

  private static int bytes(AttributeValue value) {
    return switch (value.type()) {
      case S -> utf8(value.s());
      case N -> (value.n().length() + 1) / 2 + 1;
      case L -> 3 + value.l().stream().mapToInt(element -> 1 + bytes(element)).sum();
      case B -> value.b().asByteArrayUnsafe().length;
      case BOOL, NUL -> 1;
      default -> throw new IllegalStateException("no decision has an attribute of " + value.type());
    };
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private TransactWriteItemsResponse transact(List<TransactWriteItem> writes) {
    return dynamoDb.transactWriteItems(
        transaction -> transaction.transactItems(writes).returnConsumedCapacity(report));
  }

  private TransactWriteItem put(
      AttributeValue pk,
      Map<String, AttributeValue> template,
      UnaryOperator<Put.Builder> condition) {
    Map<String, AttributeValue> item = new HashMap<>(template);
    item.put("pk", pk);
    Put.Builder put = Put.builder().tableName(decisions).item(item);
    return TransactWriteItem.builder().put(condition.apply(put).build()).build();
  }

  private static KeysAndAttributes consistent(List<Map<String, AttributeValue>> keys) {
    return KeysAndAttributes.builder().keys(keys).consistentRead(true).build();
  }

  private static Map<String, AttributeValue> accountKey(Scope scope, String id) {
    AccountKey key = AccountKey.total(TENANT, scope, id);
    return Map.of("pk", text(key.partitionKey()), "sk", text(key.sortKey()));
  }

  private static AttributeValue attribute(Map<String, AttributeValue> item, String name) {
    AttributeValue value = item.get(name);
    if (value == null) {
      throw new IllegalStateException("an item of the service has no " + name);
    }
    return value;
  }

  private static AttributeValue text(String value) {
    return AttributeValue.builder().s(value).build();
  }

  private static AttributeValue number(long value) {
    return AttributeValue.builder().n(Long.toString(value)).build();
  }

  @Override
  public void close() {
    dynamoDb.close();
  }
}
