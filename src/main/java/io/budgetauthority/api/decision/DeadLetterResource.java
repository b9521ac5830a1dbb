package io.budgetauthority.api.decision;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.settlement.DeadLetters;
import io.budgetauthority.settlement.UsageMessage;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The messages of the usage queue that could not be processed (protocol.md#dead-letters). A tenant
/// sees those that name it. An operator sees all, without their content.
@Path("/budget/dead-letters")
@Produces(MediaType.APPLICATION_JSON)
public final class DeadLetterResource {

  private static final Logger LOG = Logger.getLogger("budget.usage");

  /// How many letters of the queue are read for a request.
  private static final int MOST = 500;

  private final Access access;
  private final DeadLetters letters;

  DeadLetterResource(Access access, DeadLetters letters) {
    this.access = access;
    this.letters = letters;
  }

  /// A dead letter as a caller sees it.
  ///
  /// @param sentAt when it arrived in the dead-letter queue
  /// @param reason why it could not be processed, which may quote the message; null for an operator
  /// @param tenantId the tenant that the message names; null where it names none
  /// @param message the message as it was sent; null for an operator
  public record LetterView(
      @JsonProperty("message_id") String messageId,
      @JsonProperty("sent_at") Instant sentAt,
      @JsonProperty("reason") @Nullable String reason,
      @JsonProperty("tenant_id") @Nullable String tenantId,
      @JsonProperty("message") @Nullable JsonNode message) {}

  /// The letters that were found.
  ///
  /// @param complete false where the queue may have others
  public record LettersView(
      @JsonProperty("items") List<LetterView> items, @JsonProperty("complete") boolean complete) {}

  @GET
  public LettersView list() {
    Caller caller = access.require(Role.VIEWER, Role.ADMIN, Role.OPERATOR);
    DeadLetters.Found found = queue().read(MOST);
    return new LettersView(
        found.letters().stream().flatMap(letter -> view(letter, caller).stream()).toList(),
        found.complete());
  }

  @POST
  @Path("/{message_id}/redrive")
  public LetterView redrive(@PathParam("message_id") String messageId) {
    Caller caller = access.require(Role.ADMIN, Role.OPERATOR);
    DeadLetters.Found sent =
        queue()
            .redrive(
                MOST,
                letter -> letter.messageId().equals(messageId) && view(letter, caller).isPresent());
    LetterView view =
        sent.letters().stream()
            .flatMap(letter -> view(letter, caller).stream())
            .findFirst()
            .orElseThrow(() -> notFound(messageId, sent.complete()));
    LOG.infof("%s sent dead letter %s again", caller.principalId(), view.messageId());
    return view;
  }

  private DeadLetters queue() {
    if (!letters.exist()) {
      throw Problem.of(
              ProblemType.NOT_FOUND,
              "this service has no usage queue: BUDGET_USAGE_QUEUE_URL and"
                  + " BUDGET_USAGE_DEAD_QUEUE_URL are not both set")
          .exception();
    }
    return letters;
  }

  /// A letter, where the caller may see it.
  private static Optional<LetterView> view(DeadLetters.Letter letter, Caller caller) {
    Optional<JsonNode> message = UsageMessage.objectOf(letter.body());
    String tenantId = message.map(it -> it.path("tenant_id")).map(JsonNode::textValue).orElse(null);
    boolean operator = caller.role() == Role.OPERATOR;
    if (!operator && !caller.tenantId().equals(tenantId)) {
      return Optional.empty();
    }
    return Optional.of(
        new LetterView(
            letter.messageId(),
            Instant.ofEpochMilli(letter.sentAt()),
            operator ? null : letter.reason(),
            tenantId,
            operator ? null : message.orElseThrow()));
  }

  private static RuntimeException notFound(String messageId, boolean complete) {
    return Problem.of(
            ProblemType.NOT_FOUND,
            complete
                ? "there is no dead letter " + messageId
                : "there is no dead letter "
                    + messageId
                    + " among those that could be read; another reader may hold it for 2 minutes")
        .exception();
  }
}
