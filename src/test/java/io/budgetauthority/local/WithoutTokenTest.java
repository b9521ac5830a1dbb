package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

class WithoutTokenTest {

  private static final String TABLE =
      LocalCloudForTests.shared().definitions().attributionTable().create().tableName();

  @Test
  void whenATransactionIsSent_itHasNoTokenAndIsDone() {
    Map<String, AttributeValue> item =
        Map.of(
            "pk", AttributeValue.fromS("without-token"),
            "sk", AttributeValue.fromS(UUID.randomUUID().toString()));
    List<String> sent = new ArrayList<>();
    try (DynamoDbClient dynamoDb =
        LocalCloudForTests.dynamoDb()
            .overrideConfiguration(it -> it.addExecutionInterceptor(new Bodies(sent)))
            .build()) {
      dynamoDb.transactWriteItems(
          it ->
              it.transactItems(
                  List.of(
                      TransactWriteItem.builder()
                          .put(put -> put.tableName(TABLE).item(item))
                          .build())));

      assertThat(sent).hasSize(1);
      assertThat(sent.getFirst()).contains("without-token");
      assertThat(sent.getFirst()).doesNotContain("ClientRequestToken");
      assertThat(dynamoDb.getItem(it -> it.tableName(TABLE).key(item).consistentRead(true)).item())
          .isEqualTo(item);
    }
  }

  @Test
  void whenATokenIsTakenOut_theLengthIsKept() {
    assertThat(WithoutToken.withoutToken("{\"ClientRequestToken\":\"abc\",\"A\":1}"))
        .isEqualTo("{" + " ".repeat(27) + "\"A\":1}");
    assertThat(WithoutToken.withoutToken("{\"A\":1,\"ClientRequestToken\":\"abc\"}"))
        .isEqualTo("{\"A\":1" + " ".repeat(27) + "}");
    assertThat(WithoutToken.withoutToken("{\"ClientRequestToken\":\"abc\"}"))
        .isEqualTo("{" + " ".repeat(26) + "}");
  }

  @Test
  void whenAValueNamesTheToken_itStays() {
    String json = "{\"A\":\"{\\\"ClientRequestToken\\\":\\\"abc\\\"}\"}";

    assertThat(WithoutToken.withoutToken(json)).isEqualTo(json);
  }

  private record Bodies(List<String> sent) implements ExecutionInterceptor {

    @Override
    public void beforeTransmission(
        Context.BeforeTransmission context, ExecutionAttributes attributes) {
      context.requestBody().ifPresent(body -> sent.add(WithoutToken.textOf(body)));
    }
  }
}
