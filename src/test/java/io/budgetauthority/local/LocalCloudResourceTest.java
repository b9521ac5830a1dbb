package io.budgetauthority.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.WithTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.sqs.SqsClient;

@QuarkusTest
@WithTestResource(LocalCloudResource.class)
class LocalCloudResourceTest {

  @Inject DynamoDbClient dynamoDb;
  @Inject S3Client s3;
  @Inject SqsClient sqs;

  @Inject
  @ConfigProperty(name = "budget.ledger-table")
  String ledgerTable;

  @Inject
  @ConfigProperty(name = "budget.decisions-table")
  String decisionsTable;

  @Inject
  @ConfigProperty(name = "budget.attribution-table")
  String attributionTable;

  @Inject
  @ConfigProperty(name = "budget.bucket")
  String bucket;

  @Inject
  @ConfigProperty(name = "budget.usage-queue-url")
  String usageQueueUrl;

  @Test
  void whenATestStarts_theClientsReachItsLocalCloud() {
    assertThat(dynamoDb.listTables().tableNames())
        .isEqualTo(List.of(attributionTable, decisionsTable, ledgerTable));
    assertThat(s3.listBuckets().buckets().getFirst().name()).isEqualTo(bucket);
    assertThat(sqs.listQueues().queueUrls()).contains(usageQueueUrl);
  }
}
