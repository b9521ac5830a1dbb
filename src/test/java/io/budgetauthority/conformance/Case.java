package io.budgetauthority.conformance;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
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
/// @param spec the anchors of `docs/spec` that it proves a sentence of
/// @param says what the case proves
/// @param needs what a runner must be able to do besides HTTP
/// @param because why a pending case is pending
public record Case(
    @JsonProperty("id") String id,
    @JsonProperty("spec") List<String> spec,
    @JsonProperty("says") String says,
    @JsonProperty("tags") List<String> tags,
    @JsonProperty("needs") List<String> needs,
    @JsonProperty("pending") boolean pending,
    @JsonProperty("because") @Nullable String because,
    @JsonProperty("setup") Setup setup,
    @JsonProperty("steps") List<Step> steps) {

  private static final ObjectMapper YAML =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  /// What a step that has `ask` sends, but for what its `but` says.
  private static final ObjectNode USUAL_ASK =
      JsonNodeFactory.instance
          .objectNode()
          .put("model", "claude-haiku-4-5")
          .put("input_tokens", 1_000)
          .put("cache_write_tokens", 0)
          .put("max_output_tokens", 100);

  private static final String USUAL_RUN = "run-1";

  public Case {
    spec = orEmpty(spec);
    tags = orEmpty(tags);
    needs = orEmpty(needs);
    setup = setup == null ? new Setup(null, null, Map.of(), Map.of()) : setup;
    steps = orEmpty(steps);
    if (steps.isEmpty() || says.isBlank() || spec.isEmpty()) {
      throw new IllegalArgumentException("case " + id + " cites, says or does nothing");
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
      files = entries.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
    List<Case> cases = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (Path file : files) {
      JsonNode tree = YAML.readTree(file.toFile());
      for (JsonNode one : tree) {
        one.path("steps").forEach(step -> expand((ObjectNode) step));
      }
      for (Case read : YAML.treeToValue(tree, Case[].class)) {
        if (!ids.add(read.id())) {
          throw new IOException(file + ": a second case is called " + read.id());
        }
        cases.add(read);
      }
    }
    return List.copyOf(cases);
  }

  /// Writes a step's short forms out: `ask`, `run` and `but` as the request that they mean, and a
  /// number in the place of `expect` as its status.
  private static void expand(ObjectNode step) {
    if (step.has("ask")) {
      ObjectNode body = USUAL_ASK.deepCopy();
      JsonNode but = step.path("but");
      but.properties()
          .forEach(
              field -> {
                if (field.getValue().isNull()) {
                  body.remove(field.getKey());
                } else {
                  body.set(field.getKey(), field.getValue());
                }
              });
      ObjectNode headers = JsonNodeFactory.instance.objectNode();
      if (!step.path("ask").isNull()) {
        headers.set("Idempotency-Key", step.path("ask"));
      }
      JsonNode run = step.has("run") ? step.path("run") : TextNode.valueOf(USUAL_RUN);
      if (!run.isNull()) {
        headers.set("X-Run-Id", run);
      }
      if (step.path("headers") instanceof ObjectNode more) {
        headers.setAll(more);
      }
      step.remove(List.of("ask", "run", "but"));
      step.put("send", "POST /budget/decisions");
      step.set("headers", headers);
      step.set("body", body);
    }
    if (step.path("expect").isInt()) {
      int status = step.path("expect").intValue();
      step.putObject("expect").put("status", status);
    }
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : List.copyOf(list);
  }

  private static <T> Map<String, T> orEmpty(@Nullable Map<String, T> map) {
    return map == null ? Map.of() : map;
  }
}
