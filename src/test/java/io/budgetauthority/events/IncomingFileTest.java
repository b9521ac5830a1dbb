package io.budgetauthority.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.TestClock;
import io.budgetauthority.local.LocalCloud;
import io.budgetauthority.local.LocalCloudForTests;
import io.budgetauthority.price.table.IncomingPrices;
import io.budgetauthority.price.table.PriceBook;
import io.budgetauthority.price.table.PriceStore;
import io.budgetauthority.price.table.PriceTables;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;

class IncomingFileTest {

  private static final Invocation A_MINUTE = new Invocation(Duration.ofSeconds(60));
  private static final LocalCloud CLOUD = LocalCloudForTests.shared();
  private static final S3Client S3 = LocalCloudForTests.s3(CLOUD);
  private static final String KEY = "incoming/prices.json";

  private final String bucket = "prices-" + UUID.randomUUID();
  private final PriceStore store = new PriceStore(S3, bucket);
  private final PriceTables tables =
      new PriceTables(
          store, new PriceBook(store), new TestClock(Instant.parse("2026-11-25T10:00:00Z")));
  private final IncomingFile function = new IncomingFile(new IncomingPrices(store, tables));
  private final IncomingFile.ObjectCreated event =
      Example.named("prices").as(IncomingFile.ObjectCreated.class);

  IncomingFileTest() {
    S3.createBucket(create -> create.bucket(bucket));
  }

  private void drop(String file) {
    S3.putObject(put -> put.bucket(bucket).key(KEY), RequestBody.fromString(file));
  }

  private static String row(String model) {
    return """
        "%s": {"litellm_provider": "p", "mode": "chat",
               "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}"""
        .formatted(model);
  }

  @Test
  void whenAFileOnlyAddsRows_itIsPublishedOnce() {
    drop("{" + row("a") + "}");
    IncomingFile.Outcome first = function.handleRequest(event, A_MINUTE);
    assertThat(first.outcome()).as("a first table is for somebody to accept").isEqualTo("waiting");
    var unused = tables.publish(String.valueOf(first.version()), true, List.of(), "ops");

    drop("{" + row("a") + ", " + row("b") + "}");
    IncomingFile.Outcome second = function.handleRequest(event, A_MINUTE);

    assertThat(second.outcome()).isEqualTo("published");
    assertThat(second.key()).isEqualTo(KEY);
    assertThat(store.current().orElseThrow().version()).isEqualTo(second.version());
    assertThat(function.handleRequest(event, A_MINUTE)).isEqualTo(second);
  }

  @Test
  void whenAFileMakesNoTable_itIsRefusedWithoutAnError() {
    drop("{");
    IncomingFile.Outcome refused = function.handleRequest(event, A_MINUTE);
    assertThat(refused.outcome()).isEqualTo("refused");
    assertThat(refused.version()).isNull();
  }

  @Test
  void whenTheFileIsGone_thereIsNoError() {
    assertThat(function.handleRequest(event, A_MINUTE).outcome()).isEqualTo("gone");
  }

  @Test
  void whenTheEventIsOfNoIncomingFile_theFunctionFails() {
    for (String json :
        new String[] {"{}", "{\"detail\": {\"object\": {\"key\": \"prices/current\"}}}"}) {
      IncomingFile.ObjectCreated wrong = new Example(json).as(IncomingFile.ObjectCreated.class);
      assertThrows(
          IllegalArgumentException.class, () -> function.handleRequest(wrong, A_MINUTE), json);
    }
  }
}
