package io.budgetauthority.api.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.budgetauthority.TestReservation;
import io.budgetauthority.api.Http;
import io.budgetauthority.build.Transcript;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.ReservationState;
import io.budgetauthority.local.LocalCloudResource;
import io.budgetauthority.record.Remedy;
import io.budgetauthority.record.UsageQuality;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// docs/how-to/gateway.md says what the service does: its blocks are run, its examples are real
/// answers, and its tables are those of the code and of the OpenAPI document.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class ProtocolPageTest {

  private static final Path PAGE = Path.of("docs/how-to/gateway.md");
  private static final ObjectMapper JSON = new ObjectMapper();

  /// What any call may be answered, and is told of all of them in one sentence.
  private static final Set<Integer> OF_ANY = Set.of(400, 401, 403, 405, 406, 413, 415, 500, 503);

  private static final Pattern CALL =
      Pattern.compile("\\b(GET|POST|PUT|PATCH|DELETE) (/budget/[a-z_{}/-]+)");

  @TestHTTPResource URI base = URI.create("http://unset");

  private final String page = read();

  private static String read() {
    try {
      return Files.readString(PAGE);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private JsonNode document() {
    return new Http(base, null).get("/openapi?format=json").json();
  }

  private static Stream<MatchResult> find(String pattern, String in) {
    return Pattern.compile(pattern, Pattern.DOTALL | Pattern.MULTILINE).matcher(in).results();
  }

  private static List<String> quoted(String text) {
    return find("`([^`]+)`", text).map(it -> it.group(1)).toList();
  }

  /// The rows of the table whose first column has this title, without its head.
  private List<List<String>> table(String title) {
    List<List<String>> rows =
        page.lines()
            .dropWhile(line -> !line.startsWith("| " + title + " |"))
            .skip(2)
            .takeWhile(line -> line.startsWith("|"))
            .map(
                line ->
                    Arrays.stream(line.substring(1, line.length() - 1).split("\\|"))
                        .map(String::strip)
                        .toList())
            .toList();
    assertThat(rows).as(title).isNotEmpty();
    return rows;
  }

  /// One shell runs every block. The page's full examples are among what it prints, but for ids and
  /// times.
  @Test
  void whenThePagesBlocksAreRun_theAnswersAreThoseItShows()
      throws IOException, InterruptedException {
    String printed;
    try {
      printed = Transcript.run(PAGE, base);
    } finally {
      // Whatever became of the page, which makes an outage.
      new Http(base, null).send("PUT", "/local/faults/ledger", "{\"state\": \"up\"}");
    }

    Set<JsonNode> answers = new HashSet<>();
    for (String line : printed.lines().filter(line -> line.startsWith("{")).toList()) {
      answers.add(comparable(line));
    }
    List<String> examples = find("^```json\\n(.*?)^```", page).map(it -> it.group(1)).toList();
    assertThat(examples).isNotEmpty();
    for (String example : examples) {
      assertThat(answers).as(example + "\nis none of\n" + answers).contains(comparable(example));
    }
  }

  private static JsonNode comparable(String json) throws JsonProcessingException {
    return JSON.readTree(
        json.replaceAll("(bdgdec|rsv)_[0-9A-HJKMNP-TV-Z]{32}", "$1_")
            .replaceAll("page-\\d+-\\d+", "page")
            .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "<instant>"));
  }

  @Test
  void whenThePageNamesACall_itIsARoute() {
    Set<String> routes =
        Routes.ALL.stream()
            .flatMap(route -> route.methods().stream().map(method -> method + " " + route.path()))
            .collect(Collectors.toSet());
    Set<String> unknown = new TreeSet<>();
    CALL.matcher(page).results().forEach(call -> unknown.add(call.group()));
    assertThat(unknown.size()).isGreaterThan(10);
    unknown.removeAll(routes);
    assertThat(unknown).isEmpty();
  }

  @Test
  void whenThePageListsStatuses_theyAreThoseOfTheDocument() {
    JsonNode paths = document().path("paths");
    for (List<String> row : table("when")) {
      String[] call = quoted(row.get(1)).getFirst().split(" ");
      JsonNode operation = paths.path(call[1]).path(call[0].toLowerCase(Locale.ROOT));
      Set<Integer> documented = new TreeSet<>();
      operation
          .path("responses")
          .fieldNames()
          .forEachRemaining(
              status -> {
                if (!status.equals("4XX")) {
                  documented.add(Integer.valueOf(status));
                }
              });
      documented.removeAll(OF_ANY);
      Set<Integer> listed =
          Arrays.stream(row.get(2).split(", ")).map(Integer::valueOf).collect(Collectors.toSet());
      assertThat(listed).as(row.toString()).isEqualTo(documented);
    }
  }

  @Test
  void whenThePageListsCodes_theyAreThoseOfTheDocument() {
    JsonNode document = document();
    Map<String, Set<String>> documented = new TreeMap<>();
    document
        .at("/paths/~1budget~1decisions/post/responses")
        .properties()
        .forEach(
            response -> {
              Set<String> codes = new TreeSet<>();
              collectCodes(document, response.getValue(), codes);
              documented.put(response.getKey(), codes);
            });
    // A policy's own status of a block; and what says nothing of the call.
    documented.keySet().removeAll(Set.of("4XX", "406", "413", "415"));
    Map<String, Set<String>> told = new TreeMap<>();
    for (List<String> row : table("status")) {
      told.put(row.get(0), new TreeSet<>(quoted(row.get(1))));
    }
    assertThat(told).isEqualTo(documented);
  }

  private static void collectCodes(JsonNode document, JsonNode node, Set<String> codes) {
    if (node.has("$ref")) {
      collectCodes(document, document.at(node.path("$ref").asText().substring(1)), codes);
    }
    JsonNode code = node.at("/properties/code");
    JsonNode resolved =
        code.has("$ref") ? document.at(code.path("$ref").asText().substring(1)) : code;
    resolved.path("enum").forEach(value -> codes.add(value.asText()));
    for (String inside : List.of("content", "application/problem+json", "schema")) {
      if (node.has(inside)) {
        collectCodes(document, node.path(inside), codes);
      }
    }
    for (String all : List.of("allOf", "oneOf")) {
      node.path(all).forEach(one -> collectCodes(document, one, codes));
    }
  }

  @Test
  void whenThePageListsHeaders_theyAreThoseOfTheDocument() {
    JsonNode document = document();
    Set<String> documented = new TreeSet<>();
    JsonNode responses = document.at("/paths/~1budget~1decisions/post/responses");
    for (String status : List.of("200", "402")) {
      JsonNode response = responses.path(status);
      JsonNode resolved =
          response.has("$ref")
              ? document.at(response.path("$ref").asText().substring(1))
              : response;
      resolved.path("headers").fieldNames().forEachRemaining(documented::add);
    }
    Set<String> listed =
        table("header").stream()
            .flatMap(row -> quoted(row.getFirst()).stream())
            .collect(Collectors.toSet());
    assertThat(listed).isEqualTo(documented);
  }

  @Test
  void whenThePageListsRemedies_theyAreThoseOfTheCode() {
    assertThat(table("remedy").stream().flatMap(row -> quoted(row.getFirst()).stream()).toList())
        .isEqualTo(Arrays.stream(Remedy.values()).map(Remedy::wireName).toList());
  }

  @Test
  void whenThePageOrdersQualities_theOrderIsThatOfTheCode() {
    String ladder =
        Arrays.stream(UsageQuality.values())
            .sorted((a, b) -> a.isBetterThan(b) ? 1 : b.isBetterThan(a) ? -1 : 0)
            .map(it -> '`' + it.wireName() + '`')
            .collect(Collectors.joining(" < "));
    assertThat(page).as(ladder).contains(ladder);
  }

  /// Names in code on the page are names of the document.
  @Test
  void whenThePageHasANameInCode_theDocumentHasIt() {
    Set<String> known = new HashSet<>();
    find("[A-Za-z0-9_]+", document().toString()).forEach(word -> known.add(word.group()));
    Set<String> unknown =
        quoted(page.replaceAll("(?s)```.*?```", "")).stream()
            .flatMap(code -> find("[a-z]+(_[a-z0-9]+)+", code).map(MatchResult::group))
            .filter(name -> !known.contains(name))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(unknown).isEmpty();
  }

  /// Each cell of the table of states says what the state machine does, over every way to get into
  /// the state.
  @Test
  void whenThePageListsStates_theirStepsAreThoseOfTheCode() {
    Map<String, Set<String>> machine = new TreeMap<>();
    for (Reservation one : reservations()) {
      String row = one.state().wireName();
      note(machine, row + 1, one, Reservation::forward);
      for (UsageQuality quality : UsageQuality.values()) {
        if (quality != UsageQuality.PRESUMED) {
          note(machine, row + 2, one, it -> it.commit(TestReservation.charge(1, quality)));
        }
      }
      note(machine, row + 3, one, it -> it.release(null, NOW));
      note(machine, row + 4, one, ProtocolPageTest::extended);
      note(machine, row + 5, one, ProtocolPageTest::overdue);
    }
    Map<String, Set<String>> told = new TreeMap<>();
    for (List<String> row : table("state")) {
      for (int cell = 1; cell < row.size(); cell++) {
        Set<String> words = new TreeSet<>();
        find("`([a-z]+)`|as it is|409", row.get(cell))
            .forEach(it -> words.add(it.group(1) == null ? it.group() : it.group(1)));
        told.put(quoted(row.getFirst()).getFirst() + cell, words);
      }
    }
    assertThat(told).isEqualTo(machine);
  }

  private static final Instant NOW = TestReservation.NOW;

  private static void note(
      Map<String, Set<String>> machine,
      String cell,
      Reservation from,
      Function<Reservation, Reservation.Step> step) {
    String word =
        switch (step.apply(from)) {
          case Reservation.Step.Move move -> move.next().state().wireName();
          case Reservation.Step.Unchanged unchanged -> "as it is";
          case Reservation.Step.Refused refused -> "409";
        };
    machine.computeIfAbsent(cell, name -> new TreeSet<>()).add(word);
  }

  /// Every reservation that any steps lead to, from one that is implicit and one that is explicit.
  private static Set<Reservation> reservations() {
    Set<Reservation> reached = new HashSet<>();
    List<Reservation> next =
        new ArrayList<>(List.of(TestReservation.reserved(false), TestReservation.reserved(true)));
    while (!next.isEmpty()) {
      Reservation one = next.removeLast();
      if (reached.add(sameRevision(one))) {
        Stream<Function<Reservation, Reservation.Step>> steps =
            Stream.concat(
                Stream.of(
                    Reservation::forward, it -> it.release(null, NOW), ProtocolPageTest::overdue),
                Arrays.stream(UsageQuality.values())
                    .filter(quality -> quality != UsageQuality.PRESUMED)
                    .map(quality -> it -> it.commit(TestReservation.charge(1, quality))));
        steps.forEach(
            step -> {
              if (step.apply(one) instanceof Reservation.Step.Move move) {
                next.add(move.next());
              }
            });
      }
    }
    assertThat(reached.stream().map(Reservation::state).collect(Collectors.toSet()))
        .isEqualTo(
            Arrays.stream(ReservationState.values())
                .filter(state -> state != ReservationState.NONE)
                .collect(Collectors.toSet()));
    return reached;
  }

  private static Reservation.Step extended(Reservation from) {
    return from.rehold(
        new Reservation.Rehold(
            from.decision(),
            from.priceRow(),
            Map.of(),
            Set.of(),
            from.expiresAt().plusSeconds(60),
            NOW));
  }

  /// What a sweep does, long after.
  private static Reservation.Step overdue(Reservation from) {
    return from.state() == ReservationState.EXPIRED
        ? from.reconcile(NOW)
        : from.expire(NOW.plusSeconds(7_200), Duration.ofSeconds(5));
  }

  /// Two ways to one state are one.
  private static Reservation sameRevision(Reservation one) {
    return new Reservation(
        one.id(),
        one.tenantId(),
        one.principalId(),
        one.requestHash(),
        one.nonce(),
        1,
        one.state(),
        one.explicitForward(),
        one.forwarded(),
        one.decision(),
        one.priceRow(),
        one.charge(),
        one.releaseReason(),
        one.expiresAt(),
        one.endedAt(),
        one.retention());
  }
}
