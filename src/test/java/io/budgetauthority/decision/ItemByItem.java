package io.budgetauthority.decision;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;

/// A client that reads a batch item by item, because DynamoDB isolates the items of a batch from
/// each other no better.
final class ItemByItem {

  private final DynamoDbClient reads;
  private final Consumer<List<Wanted>> order;
  private final Consumer<Wanted> afterEach;

  /// @param reads a client that reads without faults
  /// @param order puts the items of a batch in order
  /// @param afterEach is called after each item was read
  ItemByItem(DynamoDbClient reads, Consumer<List<Wanted>> order, Consumer<Wanted> afterEach) {
    this.reads = reads;
    this.order = order;
    this.afterEach = afterEach;
  }

  /// An item of a batch.
  ///
  /// @param of how many items the batch has
  record Wanted(String table, Map<String, AttributeValue> key, int of) {}

  /// What is done with every other call.
  interface Other {
    Object call(Method method, Call call) throws Throwable;
  }

  /// Any call.
  interface Call {
    Object make() throws Throwable;
  }

  DynamoDbClient around(DynamoDbClient client, Other other) {
    return (DynamoDbClient)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {DynamoDbClient.class},
            (proxy, method, arguments) ->
                arguments != null && arguments[0] instanceof BatchGetItemRequest request
                    ? read(request)
                    : other.call(method, () -> invoke(client, method, arguments)));
  }

  private static Object invoke(DynamoDbClient client, Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(client, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private BatchGetItemResponse read(BatchGetItemRequest request) {
    int size = request.requestItems().values().stream().mapToInt(it -> it.keys().size()).sum();
    List<Wanted> all = new ArrayList<>();
    request
        .requestItems()
        .forEach(
            (table, keys) -> keys.keys().forEach(key -> all.add(new Wanted(table, key, size))));
    order.accept(all);
    Map<String, List<Map<String, AttributeValue>>> found = new HashMap<>();
    for (Wanted one : all) {
      Map<String, AttributeValue> item =
          reads.getItem(it -> it.tableName(one.table()).key(one.key()).consistentRead(true)).item();
      if (item != null && !item.isEmpty()) {
        found.computeIfAbsent(one.table(), table -> new ArrayList<>()).add(item);
      }
      afterEach.accept(one);
    }
    return BatchGetItemResponse.builder().responses(found).unprocessedKeys(Map.of()).build();
  }
}
