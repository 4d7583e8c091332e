/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the management interface and their answers; statistics; events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../core-stubs/evi/evi_modules.h"
#include "../../core-stubs/globals.h"
#include "../../core-stubs/mem/mem.h"
#include "../../core-stubs/mem/shm_mem.h"
#include "../../core-stubs/mi/mi.h"
#include "../../core-stubs/mi/mi_core.h"
#include "../../core-stubs/statistics.h"
#include "../../core-stubs/core_stats.h"
#include "../../core-stubs/ut.h"

#define ID1      "\"id\":1}"
#define RESULT   "{\"jsonrpc\":\"2.0\",\"result\":"
#define ERROR    "{\"jsonrpc\":\"2.0\",\"error\":"
#define CALL(_m) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" _m "\""
#define BAD(_d)  ERROR "{\"code\":-32602,\"message\":\"Invalid params\",\"data\":\"" _d "\"}," ID1

/* --- commands to call --------------------------------------------------------- */

static mi_response_t *say_none(const mi_params_t *params, struct mi_handler *hdl)
{
	(void)params, (void)hdl;
	return init_mi_result_ok();
}

static mi_response_t *say_two(const mi_params_t *params, struct mi_handler *hdl)
{
	mi_item_t *obj, *arr;
	mi_response_t *resp;
	char *a;
	int len, n;

	(void)hdl;
	if (get_mi_string_param(params, "a", &a, &len) || get_mi_int_param(params, "n", &n))
		return init_mi_param_error();
	resp = init_mi_result_object(&obj);
	add_mi_string(obj, MI_SSTR("a"), a, len);
	arr = add_mi_array(obj, MI_SSTR("list"));
	add_mi_number(arr, NULL, 0, n);
	add_mi_bool(arr, NULL, 0, 1);
	add_mi_string_fmt(arr, NULL, 0, "<%d>", n);
	return resp;
}

static mi_response_t *say_list(const mi_params_t *params, struct mi_handler *hdl)
{
	mi_item_t *arr;
	char *text;
	int n, len;

	(void)hdl;
	if (get_mi_array_param(params, "list", &arr, &n))
		return init_mi_param_error();
	text = int2str((unsigned int)n, &len);
	return init_mi_result_string(text, len);
}

static mi_response_t *say_nothing(const mi_params_t *params, struct mi_handler *hdl)
{
	(void)params, (void)hdl;
	return NULL;
}

static const mi_export_t test_cmds[] = {
	{"t", "for tests", 0, 0,
		{{say_none, {0}}, {say_two, {"a", "n", 0}}, {say_list, {"list", 0}},
			{EMPTY_MI_RECIPE}}},
	{"t_ambig", 0, 0, 0, {{say_none, {"a", 0}}, {say_list, {"list", 0}}, {EMPTY_MI_RECIPE}}},
	{"t_named", 0, MI_NAMED_PARAMS_ONLY, 0, {{say_list, {"list", 0}}, {EMPTY_MI_RECIPE}}},
	{"t_null", 0, 0, 0, {{say_nothing, {0}}, {EMPTY_MI_RECIPE}}},
	{EMPTY_MI_EXPORT},
};

static void ask(const char *request, const char *expected)
{
	char *answer;

	assert_int_equal(mi_run_json(request, NULL, 0, &answer), 0);
	if (expected)
		assert_string_equal(answer, expected);
	else
		assert_null(answer);
	free(answer);
}

/* --- JSON-RPC ----------------------------------------------------------------- */

static void requests(void **state)
{
	(void)state;
	ask(CALL("t") "}", RESULT "\"OK\"," ID1);
	ask("{\"jsonrpc\":\"2.0\",\"id\":\"x y\",\"method\":\"t\"}",
		RESULT "\"OK\",\"id\":\"x y\"}");
	ask("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"t\"}", RESULT "\"OK\",\"id\":null}");
	ask(CALL("t") "} rest", RESULT "\"OK\"," ID1);
	ask(CALL("t") ",\"params\":[]}", RESULT "\"OK\"," ID1);
	ask(CALL("t") ",\"params\":{}}", RESULT "\"OK\"," ID1);
}

static void notifications_get_no_answer(void **state)
{
	(void)state;
	ask("{\"jsonrpc\":\"2.0\",\"method\":\"t\"}", NULL);
	ask("{\"jsonrpc\":\"2.0\",\"method\":\"nosuch\"}", NULL);
}

static void broken_requests(void **state)
{
	static const char invalid[] = ERROR "{\"code\":-32600,\"message\":\"Invalid Request\"},";
	static const char *const texts[] = {"[]", "5", "[" CALL("t") "}]",
		"{\"id\":1,\"method\":\"t\"}", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"t\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}",
		"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"t\"}", CALL("t") ",\"params\":null}",
		CALL("t") ",\"params\":\"x\"}"};
	static const char parse[] =
		ERROR "{\"code\":-32700,\"message\":\"Parse error\"},\"id\":null}";
	char *answer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(mi_run_json(texts[i], NULL, 0, &answer), 0);
		assert_memory_equal(answer, invalid, sizeof(invalid) - 1);
		free(answer);
	}
	ask("{", parse);
	ask("", parse);
	ask("hello", parse);
	ask(CALL("nosuch") "}", ERROR "{\"code\":-32601,\"message\":\"Method not found\"}," ID1);
	ask(CALL("t_null") "}", ERROR "{\"code\":-32000,\"message\":\"Server error\","
				      "\"data\":\"Command handler returned null\"}," ID1);
}

static void the_end_of_a_request_is_told(void **state)
{
	const char text[] = CALL("t") "} :next";
	const char *end;
	char *answer;

	(void)state;
	assert_int_equal(mi_run_json(text, &end, 1, &answer), 0);
	assert_string_equal(end, " :next");
	assert_non_null(strchr(answer, '\n')); /* pretty */
	free(answer);
	assert_int_equal(mi_run_json("{\"x\"", &end, 0, &answer), 0);
	assert_null(end);
	free(answer);
}

static void parameters(void **state)
{
	static const char both[] = RESULT "{\"a\":\"x\",\"list\":[7,true,\"<7>\"]}," ID1;

	(void)state;
	ask(CALL("t") ",\"params\":[\"x\",7]}", both);
	ask(CALL("t") ",\"params\":{\"n\":7,\"a\":\"x\"}}", both);
	ask(CALL("t") ",\"params\":[\"x\",\"7\"]}", both); /* digits where a number is wanted */
	ask(CALL("t") ",\"params\":[12,7]}",               /* and the other way round */
		RESULT "{\"a\":\"12\",\"list\":[7,true,\"<7>\"]}," ID1);
	ask(CALL("t") ",\"params\":[[1,2,3]]}", RESULT "\"3\"," ID1);
	ask(CALL("t_named") ",\"params\":{\"list\":[1]}}", RESULT "\"1\"," ID1);
}

static void wrong_parameters(void **state)
{
	(void)state;
	ask(CALL("t") ",\"params\":[1,2,3]}", BAD("Too few or too many parameters"));
	ask(CALL("t") ",\"params\":{\"a\":1,\"x\":2}}", BAD("Named parameters do not match"));
	ask(CALL("t") ",\"params\":[\"x\",\"7a\"]}", BAD("Bad type for parameter 'n'"));
	ask(CALL("t") ",\"params\":[\"x\",7.5]}", BAD("Bad type for parameter 'n'"));
	ask(CALL("t") ",\"params\":[\"x\",99999999999]}", BAD("Bad type for parameter 'n'"));
	ask(CALL("t") ",\"params\":[\"x\",\"\"]}", BAD("Bad type for parameter 'n'"));
	ask(CALL("t") ",\"params\":[{},7]}", BAD("Bad type for parameter 'a'"));
	ask(CALL("t") ",\"params\":[\"x\"]}", BAD("Bad type for parameter 'list'"));
	ask(CALL("t") ",\"params\":[[]]}", BAD("Empty array in parameter 'list'"));
	ask(CALL("t_named") ",\"params\":[[1]]}", BAD("Command only supports named parameters"));
	ask(CALL("t_ambig") ",\"params\":[[1]]}",
		BAD("Ambiguous call, use named parameters instead"));
	ask(CALL("t_ambig") ",\"params\":{\"list\":[1,2]}}", RESULT "\"2\"," ID1);
}

static void a_name_is_registered_once(void **state)
{
	static const mi_export_t twice[] = {
		{"t", 0, 0, 0, {{say_none, {0}}, {EMPTY_MI_RECIPE}}}, {EMPTY_MI_EXPORT}};

	(void)state;
	assert_int_equal(register_mi_mod("x", twice), -1);
	assert_int_equal(register_mi_mod("x", NULL), 0);
	assert_null(lookup_mi_cmd("t_", 2));
	assert_string_equal(lookup_mi_cmd("t", 1)->module, "test");
}

/* --- statistics --------------------------------------------------------------- */

static stat_var *calls, *keep;

static unsigned long twice_context(void *ctx)
{
	return 2 * *(unsigned long *)ctx;
}

static void statistics(void **state)
{
	static unsigned long base = 21;
	static const stat_export_t rows[] = {
		{"calls", 0, &calls}, {"keep", STAT_NO_RESET, &keep}, {0, 0, 0}};
	unsigned long blocks = shm_blocks();

	(void)state;
	assert_int_equal(register_module_stats("tst", rows), 0);
	assert_int_equal(
		register_stat2("tst", "twice", (stat_var **)twice_context, STAT_IS_FUNC, &base, 0),
		0);
	assert_int_equal(register_stat("tst", "calls", &calls, 0), -1); /* twice */
	assert_int_equal(shm_blocks(), blocks + 3);
	update_stat(calls, 5);
	update_stat(calls, -2);
	inc_stat(keep);
	assert_ptr_equal(get_stat(&str_init("calls")), calls);
	assert_null(get_stat(&str_init("call")));
	ask(CALL("get_statistics") ",\"params\":[[\"tst:\"]]}",
		RESULT "{\"tst:calls\":3,\"tst:keep\":1,\"tst:twice\":42}," ID1);
	ask(CALL("get_statistics") ",\"params\":[[\"twice\",\"nosuch\",\"no:\"]]}",
		RESULT "{\"tst:twice\":42}," ID1);
	ask(CALL("reset_statistics") ",\"params\":[[\"calls\",\"keep\",\"twice\"]]}",
		RESULT "\"OK\"," ID1);
	assert_int_equal(get_stat_val(calls), 0);
	assert_int_equal(get_stat_val(keep), 1);
	ask(CALL("reset_statistics") ",\"params\":[[\"nosuch\"]]}",
		ERROR "{\"code\":404,\"message\":\"Statistics Not Found\"}," ID1);
}

static void the_cores_own_statistics(void **state)
{
	char *answer;

	(void)state;
	assert_true(stats_are_ready());
	inc_stat(rcv_reqs);
	ask(CALL("get_statistics") ",\"params\":[[\"rcv_requests\"]]}",
		RESULT "{\"core:rcv_requests\":1}," ID1);
	mi_run_json(CALL("get_statistics") ",\"params\":[[\"all\"]]}", NULL, 0, &answer);
	assert_non_null(strstr(answer, "\"shmem:total_size\":"));
	assert_non_null(strstr(answer, "\"core:bad_msg_hdr\":0"));
	free(answer);
}

static void statistics_without_memory(void **state)
{
	static stat_var *v;
	unsigned long blocks = shm_blocks();

	(void)state;
	shm_fail_after(0);
	assert_int_equal(register_stat("tst", "never", &v, 0), -1);
	shm_fail_after(-1);
	assert_null(get_stat(&str_init("never")));
	assert_int_equal(shm_blocks(), blocks);
}

/* --- events ------------------------------------------------------------------- */

static void events(void **state)
{
	struct mem_stats before, after;
	evi_params_p list;
	evi_params_t own = {0};
	event_id_t id = evi_publish_event(str_init("E_TEST"));
	int n = 3;

	(void)state;
	assert_true(id >= 0);
	assert_int_equal(evi_publish_event(str_init("E_TEST")), EVI_ERROR);
	assert_int_equal(evi_publish_event(str_init("")), EVI_ERROR);
	assert_int_equal(evi_get_id(&str_init("E_TEST")), id);
	assert_int_equal(evi_get_id(&str_init("E_OTHER")), EVI_ERROR);
	pkg_get_stats(&before);
	list = evi_get_params();
	assert_non_null(list);
	assert_int_equal(evi_param_add_int(list, &str_init("n"), &n), 0);
	assert_int_equal(evi_param_add_str(list, &str_init("s"), &str_init("a\"b")), 0);
	assert_int_equal(evi_raise_event(id, list), 0);
	assert_int_equal(evi_param_add_int(&own, &str_init("n"), &n), 0);
	assert_int_equal(evi_raise_event(id, &own), 0);
	evi_free_params(&own);
	assert_int_equal(evi_raise_event(id, NULL), 0);
	assert_int_equal(evi_raise_event(99, evi_get_params()), EVI_ERROR);
	pkg_get_stats(&after);
	assert_int_equal(before.used, after.used);
}

static int start(void **state)
{
	(void)state;
	shm_mem_size = 4 << 20;
	pkg_mem_size = 4 << 20;
	return init_pkg_mallocs() || init_shm_mallocs() || init_stats_collector() ||
	       init_mi_core() || register_mi_mod("test", test_cmds);
}

static int stop(void **state)
{
	(void)state;
	destroy_stats_collector();
	if (shm_blocks() != 0)
		shm_log_blocks(10);
	return shm_blocks() != 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(notifications_get_no_answer),
		cmocka_unit_test(broken_requests),
		cmocka_unit_test(the_end_of_a_request_is_told),
		cmocka_unit_test(parameters),
		cmocka_unit_test(wrong_parameters),
		cmocka_unit_test(a_name_is_registered_once),
		cmocka_unit_test(statistics),
		cmocka_unit_test(the_cores_own_statistics),
		cmocka_unit_test(statistics_without_memory),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests_name("mi", tests, start, stop);
}
