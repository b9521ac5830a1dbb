package io.budgetauthority.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/// JSON as it is stored: compressed by DEFLATE with a dictionary of what most records contain,
/// after one byte that names the dictionary. A decision of two ceilings takes a sixth of its JSON.
/// A stored dictionary never changes, because items that it packed must stay readable. Safe for use
/// by many threads.
final class PackedJson {

  /// The dictionary of 0.2.0.
  private static final byte FIRST = 1;

  /// Room for what cannot be compressed.
  private static final int SPARE_BYTES = 64;

  /// How much longer than its packed form JSON usually is.
  private static final int USUAL_RATIO = 8;

  /// What is common stands last, because DEFLATE refers to near text in fewer bits.
  private static final byte[] DICTIONARY =
      """
      "detail":"the call may cost  USD; user  has  USD left of ","remedies":["wait","downgrade",\
      "reduce_output","after_reset","raise_limit","price_model"],"fits_max_output_tokens":\
      "alternatives":[{"model":"","estimate_usd":"0.","fits_budget":true}],"candidates":[\
      {"type":"block","code":"run_ceiling_reached","constrained_by":{"scope":"tenant","id":"-",\
      "window":"total"}},"mode":"advisory_estimate""actuals_only""soft_gate","margin_usd":"0.\
      "wait_until":"orphan_of":"degraded":"ledger_unavailable"warnings":["50% of the month ceiling\
       of user  is committed or held"]"parent_run_id":"run_"team_id":"feature_id":"\
      "request_class":"requested_provider":"bedrock""vertex_ai""gemini""azure"\
      "tier":"priority","region":"speed":"fast""flex""batch"\
      "taken":"refilled":"burst_usd":"period_seconds":"shard":"exhausted":true,"warn_at":[\
      "own_mode":"own_margin":"hour""quarter""week","period":"2026-W\
      "input_bytes":"unbounded_input":true"units":{"images":"billed_tools":{"web_search"\
      "cache_write_1h":"cache_write_5m":"audio_input":"audio_output":"reasoning":"image_input":\
      "units":{"image":"second":"character":"page":"query":"pixel":"variants":{"regions":{\
      "speeds":{"aliases":["tools":{"web_search":10000000000,"shared_window":true,\
      "zero_approved":true,"capabilities":["vision","tools","reasoning","prompt_caching",\
      "pdf_input","response_schema","audio_input","web_search","computer_use",\
      {"tier":"default","above":200000,"tokens":{"cards":[{"tier":"batch","above":0,"tokens":{\
      "embedding","mode":"chat","window":200000,"output_limit":64000,128000,"output_limit":16384,\
      "cards":[{"tier":"default","above":0,"tokens":{"input":3000000,"output":15000000,\
      "cache_read":300000,"cache_write":3750000,"cache_write_1h":6000000}}]}\
      {"provider":"openai","model":"gpt-{"provider":"anthropic","model":"claude-sonnet-4-haiku-opus\
      {"usage":{"input_tokens":,"output_tokens":,"cache_read_tokens":,"cache_write_tokens":,\
      "reasoning_tokens":},"provider":"","model":""}\
      {"verdict":{"type":"granted","kind":"downgrade","kind":"allow"},"mode":"hard_gate","subject":\
      {"run_id":"run-","tuple":{"user_id":"","key_id":"","team_id":""}},"model":{"provider":\
      "anthropic","requested":"claude-","selected":"claude-"},"tokens":{"input":,"basis":"estimated",\
      "basis":"bytes","basis":"exact","requested_output":,"effective_output":,"clamped":false},\
      "service":{"tier":"default"},"estimate_usd":"0.00","accounts":[{"scope":"run","id":"run-",\
      "window":"total","mode":"hard_gate","limit_usd":"5.00","hold_usd":"0.00","committed_usd":"0.00",\
      "reserved_usd":"0.00"},{"scope":"team","id":"{"scope":"key","id":"","window":"day","period":\
      "2026-1"},{"scope":"tenant","id":"-","window":"month","period":"2026-","mode":"hard_gate",\
      "limit_usd":"1000.00","hold_usd":"0.00","committed_usd":"0.00","reserved_usd":"0.00",\
      "resets_at":"2026-12-01T00:00:00Z"},{"scope":"user","id":"","window":"total","mode":\
      "hard_gate","limit_usd":"100.00","hold_usd":"0.0","committed_usd":"0.0","reserved_usd":"0.0"}],\
      "price_table_version":"2026-11-","created_at":"2026-11-28T10:00:00.000Z","asked":{"parts":{},\
      "choices":1}}\
      """
          .getBytes(StandardCharsets.UTF_8);

  /// Compressors have memory outside the heap, so they are used again.
  private static final ConcurrentLinkedQueue<Deflater> DEFLATERS = new ConcurrentLinkedQueue<>();

  private static final ConcurrentLinkedQueue<Inflater> INFLATERS = new ConcurrentLinkedQueue<>();

  private PackedJson() {}

  static byte[] pack(String json) {
    Deflater free = DEFLATERS.poll();
    Deflater deflater = free == null ? new Deflater(Deflater.BEST_COMPRESSION, true) : free;
    try {
      deflater.setDictionary(DICTIONARY);
      byte[] text = json.getBytes(StandardCharsets.UTF_8);
      deflater.setInput(text);
      deflater.finish();
      byte[] packed = new byte[text.length + SPARE_BYTES];
      packed[0] = FIRST;
      int length = 1;
      while (!deflater.finished()) {
        if (length == packed.length) {
          packed = Arrays.copyOf(packed, length * 2);
        }
        length += deflater.deflate(packed, length, packed.length - length);
      }
      return Arrays.copyOf(packed, length);
    } finally {
      deflater.reset();
      DEFLATERS.add(deflater);
    }
  }

  /// The JSON. Any bytes that [#pack] did not make get an [IllegalStateException].
  static String unpack(byte[] packed) {
    if (packed.length == 0 || packed[0] != FIRST) {
      throw new IllegalStateException(
          "packed JSON must begin with the byte "
              + FIRST
              + ", the number of a dictionary that this version knows");
    }
    Inflater free = INFLATERS.poll();
    Inflater inflater = free == null ? new Inflater(true) : free;
    try {
      inflater.setDictionary(DICTIONARY);
      inflater.setInput(packed, 1, packed.length - 1);
      byte[] json = new byte[packed.length * USUAL_RATIO];
      int length = 0;
      while (!inflater.finished()) {
        if (length == json.length) {
          json = Arrays.copyOf(json, length * 2);
        }
        int more = inflater.inflate(json, length, json.length - length);
        if (more == 0 && !inflater.finished()) {
          throw new IllegalStateException("packed JSON ends too early");
        }
        length += more;
      }
      return new String(json, 0, length, StandardCharsets.UTF_8);
    } catch (DataFormatException e) {
      throw new IllegalStateException("packed JSON cannot be unpacked", e);
    } finally {
      inflater.reset();
      INFLATERS.add(inflater);
    }
  }
}
