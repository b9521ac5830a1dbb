package io.budgetauthority.price.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.table.PriceTableJson.MalformedTable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceTableJsonTest {

  private static byte[] written(PriceTable table) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PriceTableJson.write(table, out);
    return out.toByteArray();
  }

  private static PriceTable read(byte[] object) throws IOException {
    return PriceTableJson.read(new ByteArrayInputStream(object));
  }

  private static byte[] gzip(String json) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(json.getBytes(StandardCharsets.UTF_8));
    }
    return out.toByteArray();
  }

  private static Price row(String model) {
    return new Price(
        "p",
        model,
        "chat",
        List.of("also-" + model),
        1_000L,
        null,
        true,
        Set.of(Capability.VISION, Capability.TOOLS),
        List.of(
            new RateCard("default", 0, Map.of(TokenClass.INPUT, 1L), Map.of(BillingUnit.PAGES, 2L)),
            new RateCard("flex", 200_000, Map.of(), Map.of())),
        Map.of("web_search", 3L),
        true);
  }

  private static PriceTable table(String... models) {
    return new PriceTable(
        "v", Instant.EPOCH, "s", Arrays.stream(models).map(PriceTableJsonTest::row).toList());
  }

  @Test
  void whenATableIsWritten_itReadsBackUnchanged() throws IOException {
    PriceTable back = read(written(table("a")));

    assertThat(back.version()).isEqualTo("v");
    assertThat(back.createdAt()).isEqualTo(Instant.EPOCH);
    assertThat(back.source()).isEqualTo("s");
    Price row = back.rows().getFirst();
    assertThat(row.toString()).isEqualTo(row("a").toString());
    assertThat(row.mode()).isEqualTo(row("a").mode());
    assertThat(row.aliases()).isEqualTo(row("a").aliases());
    assertThat(row.windowTokens()).isEqualTo(row("a").windowTokens());
    assertThat(row.outputLimitTokens()).isEqualTo(row("a").outputLimitTokens());
    assertThat(row.sharedWindow() && row.zeroApproved()).isTrue();
    assertThat(row.capabilities()).isEqualTo(row("a").capabilities());
    assertThat(row.cards()).isEqualTo(row("a").cards());
    assertThat(row.toolPicos()).isEqualTo(row("a").toolPicos());
  }

  @Test
  void whenRowsAreInAnotherOrder_theBytesAreTheSame() throws IOException {
    assertThat(written(table("b", "a"))).isEqualTo(written(table("a", "b")));
  }

  @Test
  void whenTheRealTableIsWrittenAgain_theBytesAreTheSame() throws IOException {
    byte[] object = Files.readAllBytes(Path.of("src/local/resources/prices/2026-11-24.json.gz"));

    assertThat(written(read(object))).isEqualTo(object);
  }

  @Test
  @Tag("speed")
  void whenTheRealTableIsRead_itTakesLessThanHalfASecond() throws IOException {
    byte[] object = Files.readAllBytes(Path.of("src/local/resources/prices/2026-11-24.json.gz"));
    read(object);

    long start = System.nanoTime();
    read(object);

    Duration taken = Duration.ofNanos(System.nanoTime() - start);
    assertThat(taken.toMillis()).as(taken.toString()).isLessThan(500);
  }

  @Test
  void whenTheBytesAreNoTable_theyAreRefused() throws IOException {
    byte[] real = written(table("a"));
    String head =
        "{\"version\": \"v\", \"created_at\": \"1970-01-01T00:00:00Z\", \"source\": \"s\"";
    String names = "\"provider\": \"p\", \"model\": \"m\", \"mode\": \"chat\"";
    for (byte[] object :
        List.of(
            new byte[0],
            "{}".getBytes(StandardCharsets.UTF_8),
            Arrays.copyOf(real, real.length / 2),
            gzip(""),
            gzip("[]"),
            gzip(head + "}"),
            gzip(head.replace("1970", "then") + ", \"rows\": []}"),
            gzip(head + ", \"rows\": [], \"more\": 1}"),
            gzip(head + ", \"rows\": []} {}"),
            gzip(head + ", \"rows\": [{}]}"),
            gzip(head + ", \"rows\": [1]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"window\": 1.5}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"window\": -1}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"mode\": \"chat\"}]}"),
            gzip(head + ", \"rows\": [{" + names + "}, {" + names + "}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"tools\": {\"t\": 1e3}}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"tools\": {\"t\": 99999999999999999999}}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"capabilities\": [\"flight\"]}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"cards\": [{\"tokens\": {}}]}]}"),
            gzip(head + ", \"rows\": [{" + names + ", \"cards\": [\"card\"]}]}"),
            gzip(head + ", \"rows\": [\"m\"]}"))) {
      assertThrows(MalformedTable.class, () -> read(object));
    }
  }

  /// Each row: what is written, and what is wrong with it, where.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "[] | expected START_OBJECT, not START_ARRAY at",
        "{'version': 1} | expected VALUE_STRING, not VALUE_NUMBER_INT at /version",
        "{'rows': {}} | expected START_ARRAY, not START_OBJECT at /rows",
        "{'rows': [[]]} | expected VALUE_STRING, not START_ARRAY at /rows/0",
        "{'rows': [{'model': 1}]} | expected VALUE_STRING, not VALUE_NUMBER_INT at /rows/0/model",
        "{'rows': [{'aliases': [1]}]} | expected VALUE_STRING, not VALUE_NUMBER_INT at"
            + " /rows/0/aliases/0",
        "{'rows': [{'window': '1'}]} | expected VALUE_NUMBER_INT, not VALUE_STRING at"
            + " /rows/0/window",
        "{'rows': [{'window': -1}]} | a number may not be negative at /rows/0/window",
        "{'rows': [{'shared_window': 1}]} | expected true or false at /rows/0/shared_window",
        "{'rows': [{'tools': []}]} | expected START_OBJECT, not START_ARRAY at /rows/0/tools",
        "{'rows': [{'smell': 1}]} | unknown field smell at /rows/0/smell",
        "{'rows': [{'provider': 'p'}]} | no model at",
        "{'rows': [{'cards': [{'above': 1}]}]} | no tier at",
        "{'rows': [{'cards': [{'tokens': {'smell': 1}}]}]} | no token class: smell",
        "{'rows': [{'cards': [{'units': {'smell': 1}}]}]} | no unit: smell",
        "{'smell': 1} | unknown field smell at /smell",
        "{'version': 'v', 'created_at': '1970-01-01T00:00:00Z', 'rows': []} | no source at",
        "{'version': 'v', 'created_at': '1970-01-01T00:00:00Z', 'source': 's', 'rows': []} 1"
            + " | expected null, not VALUE_NUMBER_INT at",
      })
  void whenATableIsMalformed_theErrorSaysWhatAndWhere(String json, String wrong)
      throws IOException {
    byte[] object = gzip(json.replace('\'', '"'));

    MalformedTable malformed = assertThrows(MalformedTable.class, () -> read(object));
    assertThat(String.valueOf(malformed.getMessage()))
        .as(malformed::getMessage)
        .startsWith("no price table: " + wrong);
  }

  @Test
  void whenAFlagIsRead_itIsAsWritten() throws IOException {
    String names = "\"provider\": \"p\", \"model\": \"m\", \"mode\": \"chat\"";
    PriceTable table =
        read(
            gzip(
                "{\"version\": \"v\", \"created_at\": \"1970-01-01T00:00:00Z\", \"source\": \"s\","
                    + " \"rows\": [{"
                    + names
                    + ", \"shared_window\": false, \"zero_approved\": true}]}"));

    assertThat(table.rows().getFirst().sharedWindow()).isFalse();
    assertThat(table.rows().getFirst().zeroApproved()).isTrue();
  }
}
