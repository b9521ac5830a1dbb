package io.budgetauthority.conformance;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One sentence of the protocol as requests and what must be answered. `conformance/README.md`
/// describes every member.
///
/// @param says the section and, in our words, what the case proves
/// @param needs what a runner must be able to do besides HTTP
/// @param because why a pending case is pending
public record Case(
    @JsonProperty("id") String id,
    @JsonProperty("says") String says,
    @JsonProperty("tags") List<String> tags,
    @JsonProperty("needs") List<String> needs,
    @JsonProperty("pending") boolean pending,
    @JsonProperty("because") @Nullable String because,
    @JsonProperty("setup") Setup setup,
    @JsonProperty("steps") List<Step> steps) {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  public Case {
    tags = orEmpty(tags);
    needs = orEmpty(needs);
    setup = setup == null ? new Setup(null, null, Map.of(), Map.of()) : setup;
    steps = orEmpty(steps);
    if (steps.isEmpty() || says.isBlank()) {
      throw new IllegalArgumentException("case " + id + " says or does nothing");
    }
    if (pending != (because != null)) {
      throw new IllegalArgumentException(
          "case " + id + " is pending without a because, or the reverse");
    }
  }

  /// What the case's tenant is like before its first step.
  ///
  /// @param ceilings by `scope/id/window`
  /// @param keys bodies of `POST /budget/keys`, by the name that steps use
  record Setup(
      @JsonProperty("time_zone") @Nullable String timeZone,
      @JsonProperty("policy") @Nullable JsonNode policy,
      @JsonProperty("ceilings") Map<String, JsonNode> ceilings,
      @JsonProperty("keys") Map<String, JsonNode> keys) {

    Setup {
      ceilings = orEmpty(ceilings);
      keys = orEmpty(keys);
    }
  }

  /// One request, or several at the same moment.
  ///
  /// @param send a method and a path
  /// @param as the key it is sent with; `none` sends no `Authorization`
  /// @param text a body sent as it stands, in place of `body`
  /// @param padToBytes spaces are put behind the body until it has this many bytes
  /// @param parallel how many times it is sent at once; each sending makes its `${unique}` anew
  /// @param withinSeconds it is repeated until it is answered as expected, for this long
  /// @param via `http` where absent; anything else is one of the case's `needs`
  record Step(
      @JsonProperty("send") String send,
      @JsonProperty("as") String as,
      @JsonProperty("headers") Map<String, String> headers,
      @JsonProperty("body") @Nullable JsonNode body,
      @JsonProperty("text") @Nullable String text,
      @JsonProperty("pad_to_bytes") int padToBytes,
      @JsonProperty("parallel") int parallel,
      @JsonProperty("within_seconds") int withinSeconds,
      @JsonProperty("via") @Nullable String via,
      @JsonProperty("expect") Expect expect,
      @JsonProperty("capture") Map<String, String> capture) {

    Step {
      as = as == null ? "gateway" : as;
      headers = orEmpty(headers);
      parallel = Math.max(1, parallel);
      capture = orEmpty(capture);
    }
  }

  /// What an answer must be.
  ///
  /// @param statuses how many of a parallel step's answers have each status
  /// @param problem the code of a problem document, whose common members are checked with it
  /// @param headers by name; null where the header must not be there
  /// @param body by JSON pointer
  record Expect(
      @JsonProperty("status") @Nullable Integer status,
      @JsonProperty("statuses") @Nullable Map<String, Integer> statuses,
      @JsonProperty("problem") @Nullable String problem,
      @JsonProperty("headers") Map<String, JsonNode> headers,
      @JsonProperty("body") Map<String, JsonNode> body) {

    Expect {
      headers = orEmpty(headers);
      body = orEmpty(body);
      if ((status == null) == (statuses == null)) {
        throw new IllegalArgumentException("an answer is expected by status or by statuses");
      }
    }
  }

  /// The longest that one of its steps is waited for; 0 where none is.
  public int longestWaitSeconds() {
    return steps.stream().mapToInt(Step::withinSeconds).max().orElse(0);
  }

  /// The cases of every file of a folder, in the order of the files' names.
  ///
  /// @throws IOException also where two cases have one id, or a member is none of the above
  public static List<Case> readAll(Path folder) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
    List<Case> cases = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (Path file : files) {
      for (Case read : JSON.readValue(file.toFile(), Case[].class)) {
        if (!ids.add(read.id())) {
          throw new IOException(file + ": a second case is called " + read.id());
        }
        cases.add(read);
      }
    }
    return List.copyOf(cases);
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  private static <T> Map<String, T> orEmpty(@Nullable Map<String, T> map) {
    return map == null ? Map.of() : map;
  }
}
