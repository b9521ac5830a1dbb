package io.budgetauthority.api;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Makes entity tags of the versions of configuration, and checks `If-Match` where it is sent (RFC
/// 9110, section 13.1.1).
final class EntityTags {

  private EntityTags() {}

  static String of(long version) {
    return '"' + Long.toString(version) + '"';
  }

  static boolean matches(@Nullable String ifMatch, long version) {
    return ifMatch == null
        || Arrays.stream(ifMatch.split(",", -1))
            .map(String::strip)
            .anyMatch(tag -> tag.equals(of(version)) || (tag.equals("*") && version > 0));
  }

  static void requireMatch(@Nullable String ifMatch, long version) {
    if (!matches(ifMatch, version)) {
      throw changed();
    }
  }

  static ProblemException changed() {
    return Problem.of(ProblemType.PRECONDITION_FAILED, "it has changed since it was read")
        .exception();
  }
}
