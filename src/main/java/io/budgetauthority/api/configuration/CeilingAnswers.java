package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.EntityTags;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemException;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.api.view.CeilingView;
import io.budgetauthority.input.InvalidInput;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.CeilingWindow;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.ScopeId;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;

/// Answers about one ceiling.
final class CeilingAnswers {

  private CeilingAnswers() {}

  /// A ceiling, with the tag of its version.
  static Response of(
      int status, ScopeId scopeId, CeilingWindow window, Ceiling ceiling, long version) {
    return Response.status(status)
        .entity(CeilingView.of(scopeId.scope(), scopeId.id(), window, ceiling))
        .header(HttpHeaders.ETAG, EntityTags.of(version))
        .build();
  }

  /// A scope id that has as many rates as it may have.
  static InvalidInput tooManyRates() {
    return RequestFields.invalid(
        "window",
        "is one rate too many: an id has at most " + RateName.MAX_RATES + ", so delete one");
  }

  static ProblemException notFound(String detail) {
    return Problem.of(ProblemType.NOT_FOUND, detail).exception();
  }
}
