package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Makes entity tags of the versions of configuration, and checks `If-Match` where it is sent (RFC
/// 9110, section 13.1.1).
public final class EntityTags {

  private EntityTags() {}

  /// The entity tag of a version.
  public static String of(long version) {
    return '"' + Long.toString(version) + '"';
  }

  /// Whether a request without `If-Match`, or with one that names this version, may change it.
  public static boolean matches(@Nullable String ifMatch, long version) {
    return ifMatch == null
        || Arrays.stream(ifMatch.split(",", -1))
            .map(String::strip)
            .anyMatch(tag -> tag.equals(of(version)) || (tag.equals("*") && version > 0));
  }

  /// Refuses with 412 where `If-Match` names another version.
  public static void requireMatch(@Nullable String ifMatch, long version) {
    if (!matches(ifMatch, version)) {
      throw changed();
    }
  }

  /// The 412 of a change whose object was changed meanwhile.
  public static ProblemException changed() {
    return Problem.of(ProblemType.PRECONDITION_FAILED, "it has changed since it was read")
        .exception();
  }
}
