"""List the broker's REST services: how each is called, and the fields of its reply in their order.

A service begins at the left margin: name, method, path, ids on the real server, ids on the mock server (`-`: not there), new ids
before old ones. Below it the blocks of its reply: `{}` an object, `[]` rows, `[1]` rows of which there is one. What a field holds
where nothing is known of it follows its name: nothing `0`, `%` 0.00, `?` N, `!` 3 (unchanged), `:` blank.
"""

SERVICES = """
order_cash POST /uapi/domestic-stock/v1/trading/order-cash TTTC0012U,TTTC0011U,TTTC0802U,TTTC0801U VTTC0012U,VTTC0011U,VTTC0802U,VTTC0801U
  output{} KRX_FWDG_ORD_ORGNO: ODNO: ORD_TMD: SOR_ODNO:
order_rvsecncl POST /uapi/domestic-stock/v1/trading/order-rvsecncl TTTC0013U,TTTC0803U VTTC0013U,VTTC0803U
  output{} KRX_FWDG_ORD_ORGNO: ODNO: ORD_TMD: SOR_ODNO:
order_credit POST /uapi/domestic-stock/v1/trading/order-credit TTTC0052U,TTTC0051U,TTTC0852U,TTTC0851U -
  output{} KRX_FWDG_ORD_ORGNO: ODNO: ORD_TMD:
inquire_psbl_rvsecncl GET /uapi/domestic-stock/v1/trading/inquire-psbl-rvsecncl TTTC0084R,TTTC8036R -
  output[] ord_gno_brno: odno: orgn_odno: ord_dvsn_name: pdno: prdt_name: rvse_cncl_dvsn_name: ord_qty ord_unpr
    ord_tmd: tot_ccld_qty tot_ccld_amt psbl_qty sll_buy_dvsn_cd: ord_dvsn_cd: mgco_aptm_odno: excg_dvsn_cd:
    excg_id_dvsn_cd: excg_id_dvsn_name: stpm_cndt_pric: stpm_efct_occr_yn?
inquire_daily_ccld GET /uapi/domestic-stock/v1/trading/inquire-daily-ccld TTTC0081R,CTSC9215R,TTTC8001R,CTSC9115R VTTC0081R,VTSC9215R,VTTC8001R,VTSC9115R
  output1[] ord_dt: ord_gno_brno: odno: orgn_odno: ord_dvsn_name: sll_buy_dvsn_cd: sll_buy_dvsn_cd_name: pdno:
    prdt_name: ord_qty ord_unpr ord_tmd: tot_ccld_qty avg_prvs cncl_yn? tot_ccld_amt loan_dt: ordr_empno:
    ord_dvsn_cd: cncl_cfrm_qty rmn_qty rjct_qty ccld_cndt_name: inqr_ip_addr: cpbc_ordp_ord_rcit_dvsn_cd:
    cpbc_ordp_infm_mthd_dvsn_cd: infm_tmd: ctac_tlno: prdt_type_cd: excg_dvsn_cd: cpbc_ordp_mtrl_dvsn_cd: ord_orgno:
    rsvn_ord_end_dt: excg_id_dvsn_cd: stpm_cndt_pric: stpm_efct_occr_dtmd:
  output2{} tot_ord_qty tot_ccld_qty tot_ccld_amt prsm_tlex_smtl pchs_avg_pric%
inquire_balance GET /uapi/domestic-stock/v1/trading/inquire-balance TTTC8434R VTTC8434R
  top ctx_area_fk100 ctx_area_nk100
  output1[] pdno: prdt_name: trad_dvsn_name: bfdy_buy_qty bfdy_sll_qty thdt_buyqty thdt_sll_qty hldg_qty
    ord_psbl_qty pchs_avg_pric pchs_amt prpr evlu_amt evlu_pfls_amt evlu_pfls_rt% evlu_erng_rt% loan_dt: loan_amt
    stln_slng_chgs expd_dt: fltt_rt% bfdy_cprs_icdc item_mgna_rt_name: grta_rt_name: sbst_pric stck_loan_unpr
  output2[1] dnca_tot_amt nxdy_excc_amt prvs_rcdl_excc_amt cma_evlu_amt bfdy_buy_amt thdt_buy_amt nxdy_auto_rdpt_amt
    bfdy_sll_amt thdt_sll_amt d2_auto_rdpt_amt bfdy_tlex_amt thdt_tlex_amt tot_loan_amt scts_evlu_amt tot_evlu_amt
    nass_amt fncg_gld_auto_rdpt_yn? pchs_amt_smtl_amt evlu_amt_smtl_amt evlu_pfls_smtl_amt tot_stln_slng_chgs
    bfdy_tot_asst_evlu_amt asst_icdc_amt asst_icdc_erng_rt%
inquire_psbl_order GET /uapi/domestic-stock/v1/trading/inquire-psbl-order TTTC8908R VTTC8908R
  output{} ord_psbl_cash ord_psbl_sbst ruse_psbl_amt fund_rpch_chgs psbl_qty_calc_unpr nrcvb_buy_amt nrcvb_buy_qty
    max_buy_amt max_buy_qty cma_evlu_amt ovrs_re_use_amt_wcrc ord_psbl_frcr_amt_wcrc
inquire_psbl_sell GET /uapi/domestic-stock/v1/trading/inquire-psbl-sell TTTC8408R -
  output1{} pdno: prdt_name: buy_qty sll_qty cblc_qty nsvg_qty ord_psbl_qty pchs_avg_pric% pchs_amt now_pric
    evlu_amt evlu_pfls_amt evlu_pfls_rt%
inquire_credit_psamount GET /uapi/domestic-stock/v1/trading/inquire-credit-psamount TTTC8909R -
  output{} ord_psbl_cash ord_psbl_sbst ruse_psbl_amt fund_rpch_chgs psbl_qty_calc_unpr nrcvb_buy_amt nrcvb_buy_qty
    max_buy_amt max_buy_qty cma_evlu_amt ovrs_re_use_amt_wcrc ord_psbl_frcr_amt_wcrc
inquire_balance_rlz_pl GET /uapi/domestic-stock/v1/trading/inquire-balance-rlz-pl TTTC8494R -
  output1[] pdno: prdt_name: trad_dvsn_name: bfdy_buy_qty bfdy_sll_qty thdt_buyqty thdt_sll_qty hldg_qty
    ord_psbl_qty pchs_avg_pric pchs_amt prpr evlu_amt evlu_pfls_amt evlu_pfls_rt% evlu_erng_rt% loan_dt: loan_amt
    stln_slng_chgs expd_dt: stck_loan_unpr bfdy_cprs_icdc fltt_rt%
  output2[1] dnca_tot_amt nxdy_excc_amt prvs_rcdl_excc_amt cma_evlu_amt bfdy_buy_amt thdt_buy_amt nxdy_auto_rdpt_amt
    bfdy_sll_amt thdt_sll_amt d2_auto_rdpt_amt bfdy_tlex_amt thdt_tlex_amt tot_loan_amt scts_evlu_amt tot_evlu_amt
    nass_amt fncg_gld_auto_rdpt_yn? pchs_amt_smtl_amt evlu_amt_smtl_amt evlu_pfls_smtl_amt tot_stln_slng_chgs
    bfdy_tot_asst_evlu_amt asst_icdc_amt asst_icdc_erng_rt% rlzt_pfls rlzt_erng_rt% real_evlu_pfls
    real_evlu_pfls_erng_rt%
inquire_account_balance GET /uapi/domestic-stock/v1/trading/inquire-account-balance CTRP6548R -
  output1[] pchs_amt evlu_amt evlu_pfls_amt crdt_lnd_amt real_nass_amt whol_weit_rt%
  output2{} pchs_amt_smtl nass_tot_amt loan_amt_smtl evlu_pfls_amt_smtl evlu_amt_smtl tot_asst_amt
    tot_lnda_tot_ulst_lnda cma_auto_loan_amt tot_mgln_amt stln_evlu_amt crdt_fncg_amt ocl_apl_loan_amt pldg_stup_amt
    frcr_evlu_tota tot_dncl_amt cma_evlu_amt dncl_amt tot_sbst_amt thdt_rcvb_amt ovrs_stck_evlu_amt1%
    ovrs_bond_evlu_amt% mmf_cma_mgge_loan_amt sbsc_dncl_amt pbst_sbsc_fnds_loan_use_amt etpr_crdt_grnt_loan_amt
intgr_margin GET /uapi/domestic-stock/v1/trading/intgr-margin TTTC0869R -
  output{} acmga_rt% acmga_pct100_aptm_rson stck_cash_objt_amt% stck_sbst_objt_amt% stck_evlu_objt_amt%
    stck_ruse_psbl_objt_amt% stck_fund_rpch_chgs_objt_amt% stck_fncg_rdpt_objt_atm% bond_ruse_psbl_objt_amt%
    stck_cash_use_amt% stck_sbst_use_amt% stck_evlu_use_amt% stck_ruse_psbl_amt_use_amt%
    stck_fund_rpch_chgs_use_amt% stck_fncg_rdpt_amt_use_amt% bond_ruse_psbl_amt_use_amt% stck_cash_ord_psbl_amt%
    stck_sbst_ord_psbl_amt% stck_evlu_ord_psbl_amt% stck_ruse_psbl_ord_psbl_amt% stck_fund_rpch_ord_psbl_amt%
    bond_ruse_psbl_ord_psbl_amt% rcvb_amt stck_loan_grta_ruse_psbl_amt% stck_cash20_max_ord_psbl_amt%
    stck_cash30_max_ord_psbl_amt% stck_cash40_max_ord_psbl_amt% stck_cash50_max_ord_psbl_amt%
    stck_cash60_max_ord_psbl_amt% stck_cash100_max_ord_psbl_amt% stck_rsip100_max_ord_psbl_amt%
    bond_max_ord_psbl_amt% stck_fncg45_max_ord_psbl_amt% stck_fncg50_max_ord_psbl_amt% stck_fncg60_max_ord_psbl_amt%
    stck_fncg70_max_ord_psbl_amt% stck_stln_max_ord_psbl_amt% lmt_amt ovrs_stck_itgr_mgna_dvsn_name: usd_objt_amt%
    usd_use_amt% usd_ord_psbl_amt% hkd_objt_amt% hkd_use_amt% hkd_ord_psbl_amt% jpy_objt_amt% jpy_use_amt%
    jpy_ord_psbl_amt% cny_objt_amt% cny_use_amt% cny_ord_psbl_amt% usd_ruse_objt_amt% usd_ruse_amt%
    usd_ruse_ord_psbl_amt% hkd_ruse_objt_amt% hkd_ruse_amt% hkd_ruse_ord_psbl_amt% jpy_ruse_objt_amt% jpy_ruse_amt%
    jpy_ruse_ord_psbl_amt% cny_ruse_objt_amt% cny_ruse_amt% cny_ruse_ord_psbl_amt% usd_gnrl_ord_psbl_amt%
    usd_itgr_ord_psbl_amt% hkd_gnrl_ord_psbl_amt% hkd_itgr_ord_psbl_amt% jpy_gnrl_ord_psbl_amt%
    jpy_itgr_ord_psbl_amt% cny_gnrl_ord_psbl_amt% cny_itgr_ord_psbl_amt% stck_itgr_cash20_ord_psbl_amt%
    stck_itgr_cash30_ord_psbl_amt% stck_itgr_cash40_ord_psbl_amt% stck_itgr_cash50_ord_psbl_amt%
    stck_itgr_cash60_ord_psbl_amt% stck_itgr_cash100_ord_psbl_amt% stck_itgr_100_ord_psbl_amt%
    stck_itgr_fncg45_ord_psbl_amt% stck_itgr_fncg50_ord_psbl_amt% stck_itgr_fncg60_ord_psbl_amt%
    stck_itgr_fncg70_ord_psbl_amt% stck_itgr_stln_ord_psbl_amt% bond_itgr_ord_psbl_amt% stck_cash_ovrs_use_amt%
    stck_sbst_ovrs_use_amt% stck_evlu_ovrs_use_amt% stck_re_use_amt_ovrs_use_amt% stck_fund_rpch_ovrs_use_amt%
    stck_fncg_rdpt_ovrs_use_amt% bond_re_use_ovrs_use_amt% usd_oth_mket_use_amt% jpy_oth_mket_use_amt%
    cny_oth_mket_use_amt% hkd_oth_mket_use_amt% usd_re_use_oth_mket_use_amt% jpy_re_use_oth_mket_use_amt%
    cny_re_use_oth_mket_use_amt% hkd_re_use_oth_mket_use_amt% hgkg_cny_re_use_amt% usd_frst_bltn_exrt
    hkd_frst_bltn_exrt jpy_frst_bltn_exrt cny_frst_bltn_exrt
inquire_period_profit GET /uapi/domestic-stock/v1/trading/inquire-period-profit TTTC8708R -
  output1[] trad_dt: buy_amt sll_amt rlzt_pfls fee loan_int tl_tax pfls_rt% sll_qty1 buy_qty1
  output2{} sll_qty_smtl sll_tr_amt_smtl sll_fee_smtl sll_tltx_smtl sll_excc_amt_smtl buy_qty_smtl buy_tr_amt_smtl
    buy_fee_smtl buy_tax_smtl buy_excc_amt_smtl tot_qty tot_tr_amt tot_fee tot_tltx tot_excc_amt tot_rlzt_pfls
    loan_int
inquire_period_trade_profit GET /uapi/domestic-stock/v1/trading/inquire-period-trade-profit TTTC8715R -
  top ctx_area_nk100 ctx_area_fk100
  output1[] trad_dt: pdno: prdt_name: trad_dvsn_name: loan_dt: hldg_qty pchs_unpr buy_qty buy_amt sll_pric sll_qty
    sll_amt rlzt_pfls pfls_rt% fee tl_tax loan_int
  output2{} sll_qty_smtl sll_tr_amt_smtl sll_fee_smtl sll_tltx_smtl sll_excc_amt_smtl buyqty_smtl buy_tr_amt_smtl
    buy_fee_smtl buy_tax_smtl buy_excc_amt_smtl tot_qty tot_tr_amt tot_fee tot_tltx tot_excc_amt tot_rlzt_pfls
    loan_int tot_pftrt%
period_rights GET /uapi/domestic-stock/v1/trading/period-rights CTRGA011R -
  output1[] acno10: rght_type_cd: bass_dt: rght_cblc_type_cd: rptt_pdno: pdno: prdt_type_cd: shtn_pdno: prdt_name:
    cblc_qty last_alct_qty excs_alct_qty tot_alct_qty last_ftsk_qty% last_alct_amt last_ftsk_chgs rdpt_prca
    dlay_int_amt lstg_dt: sbsc_end_dt: cash_dfrm_dt: rqst_qty rqst_amt rqst_dt: rfnd_dt: rfnd_amt lstg_stqt tax_amt
    sbsc_unpr%
order_resv POST /uapi/domestic-stock/v1/trading/order-resv CTSC0008U -
  output{} rsvn_ord_seq:
order_resv_rvsecncl POST /uapi/domestic-stock/v1/trading/order-resv-rvsecncl CTSC0009U,CTSC0013U -
  output{} nrml_prcs_yn?
order_resv_ccnl GET /uapi/domestic-stock/v1/trading/order-resv-ccnl CTSC0004R -
  output[] rsvn_ord_seq: rsvn_ord_ord_dt: rsvn_ord_rcit_dt: pdno: ord_dvsn_cd: ord_rsvn_qty tot_ccld_qty
    cncl_ord_dt: ord_tmd: ctac_tlno: rjct_rson2 odno: rsvn_ord_rcit_tmd: kor_item_shtn_name: sll_buy_dvsn_cd:
    ord_rsvn_unpr tot_ccld_amt loan_dt: cncl_rcit_tmd: prcs_rslt ord_dvsn_name: tmnl_mdia_kind_cd: rsvn_end_dt:
inquire_price GET /uapi/domestic-stock/v1/quotations/inquire-price FHKST01010100 FHKST01010100
  output{} iscd_stat_cls_code: marg_rate% rprs_mrkt_kor_name: new_hgpr_lwpr_cls_code: bstp_kor_isnm: temp_stop_yn?
    oprc_rang_cont_yn? clpr_rang_cont_yn? crdt_able_yn? grmn_rate_cls_code: elw_pblc_yn? stck_prpr prdy_vrss
    prdy_vrss_sign! prdy_ctrt% acml_tr_pbmn acml_vol prdy_vrss_vol_rate% stck_oprc stck_hgpr stck_lwpr stck_mxpr
    stck_llam stck_sdpr wghn_avrg_stck_prc% hts_frgn_ehrt% frgn_ntby_qty pgtr_ntby_qty pvt_scnd_dmrs_prc
    pvt_frst_dmrs_prc pvt_pont_val% pvt_frst_dmsp_prc pvt_scnd_dmsp_prc dmrs_val% dmsp_val% cpfn rstc_wdth_prc
    stck_fcam stck_sspr aspr_unit hts_deal_qty_unit_val% lstn_stcn hts_avls per% pbr% stac_month: vol_tnrt% eps%
    bps% d250_hgpr d250_hgpr_date: d250_hgpr_vrss_prpr_rate% d250_lwpr d250_lwpr_date: d250_lwpr_vrss_prpr_rate%
    stck_dryy_hgpr dryy_hgpr_vrss_prpr_rate% dryy_hgpr_date: stck_dryy_lwpr dryy_lwpr_vrss_prpr_rate%
    dryy_lwpr_date: w52_hgpr w52_hgpr_vrss_prpr_ctrt% w52_hgpr_date: w52_lwpr w52_lwpr_vrss_prpr_ctrt%
    w52_lwpr_date: whol_loan_rmnd_rate% ssts_yn? stck_shrn_iscd: fcam_cnnm cpfn_cnnm apprch_rate% frgn_hldn_qty
    vi_cls_code: ovtm_vi_cls_code: last_ssts_cntg_qty invt_caful_yn? mrkt_warn_cls_code: short_over_yn? sltr_yn?
    mang_issu_cls_code:
inquire_price_2 GET /uapi/domestic-stock/v1/quotations/inquire-price-2 FHPST01010000 -
  output{} rprs_mrkt_kor_name: new_hgpr_lwpr_cls_code: mxpr_llam_cls_code: crdt_able_yn? stck_mxpr elw_pblc_yn?
    prdy_clpr_vrss_oprc_rate% crdt_rate% marg_rate% lwpr_vrss_prpr lwpr_vrss_prpr_sign! prdy_clpr_vrss_lwpr_rate%
    stck_lwpr hgpr_vrss_prpr hgpr_vrss_prpr_sign! prdy_clpr_vrss_hgpr_rate% stck_hgpr oprc_vrss_prpr
    oprc_vrss_prpr_sign! mang_issu_yn? divi_app_cls_code: short_over_yn? mrkt_warn_cls_code: invt_caful_yn?
    stange_runup_yn? ssts_hot_yn? low_current_yn? vi_cls_code: short_over_cls_code: stck_llam new_lstn_cls_name:
    vlnt_deal_cls_name: flng_cls_name: revl_issu_reas_name: mrkt_warn_cls_name: stck_sdpr bstp_cls_code:
    stck_prdy_clpr insn_pbnt_yn? fcam_mod_cls_name: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_tr_pbmn
    acml_vol prdy_vrss_vol_rate% bstp_kor_isnm: sltr_yn? trht_yn? oprc_rang_cont_yn? vlnt_fin_cls_code: stck_oprc
    prdy_vol
intstock_multprice GET /uapi/domestic-stock/v1/quotations/intstock-multprice FHKST11300006 -
  output[] kospi_kosdaq_cls_name: mrkt_trtm_cls_name: hour_cls_code: inter_shrn_iscd: inter_kor_isnm: inter2_prpr
    inter2_prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol inter2_oprc inter2_hgpr inter2_lwpr inter2_llam inter2_mxpr
    inter2_askp inter2_bidp seln_rsqn shnu_rsqn total_askp_rsqn total_bidp_rsqn acml_tr_pbmn inter2_prdy_clpr
    oprc_vrss_hgpr_rate% intr_antc_cntg_vrss intr_antc_cntg_vrss_sign! intr_antc_cntg_prdy_ctrt% intr_antc_vol
    inter2_sdpr
inquire_asking_price_exp_ccn GET /uapi/domestic-stock/v1/quotations/inquire-asking-price-exp-ccn FHKST01010200 FHKST01010200
  output1{} aspr_acpt_hour: askp1 askp2 askp3 askp4 askp5 askp6 askp7 askp8 askp9 askp10 bidp1 bidp2 bidp3 bidp4
    bidp5 bidp6 bidp7 bidp8 bidp9 bidp10 askp_rsqn1 askp_rsqn2 askp_rsqn3 askp_rsqn4 askp_rsqn5 askp_rsqn6
    askp_rsqn7 askp_rsqn8 askp_rsqn9 askp_rsqn10 bidp_rsqn1 bidp_rsqn2 bidp_rsqn3 bidp_rsqn4 bidp_rsqn5 bidp_rsqn6
    bidp_rsqn7 bidp_rsqn8 bidp_rsqn9 bidp_rsqn10 askp_rsqn_icdc1 askp_rsqn_icdc2 askp_rsqn_icdc3 askp_rsqn_icdc4
    askp_rsqn_icdc5 askp_rsqn_icdc6 askp_rsqn_icdc7 askp_rsqn_icdc8 askp_rsqn_icdc9 askp_rsqn_icdc10 bidp_rsqn_icdc1
    bidp_rsqn_icdc2 bidp_rsqn_icdc3 bidp_rsqn_icdc4 bidp_rsqn_icdc5 bidp_rsqn_icdc6 bidp_rsqn_icdc7 bidp_rsqn_icdc8
    bidp_rsqn_icdc9 bidp_rsqn_icdc10 total_askp_rsqn total_bidp_rsqn total_askp_rsqn_icdc total_bidp_rsqn_icdc
    ovtm_total_askp_icdc ovtm_total_bidp_icdc ovtm_total_askp_rsqn ovtm_total_bidp_rsqn ntby_aspr_rsqn
    new_mkop_cls_code:
  output2{} antc_mkop_cls_code: stck_prpr stck_oprc stck_hgpr stck_lwpr stck_sdpr antc_cnpr antc_cntg_vrss_sign!
    antc_cntg_vrss antc_cntg_prdy_ctrt% antc_vol stck_shrn_iscd: vi_cls_code:
inquire_ccnl GET /uapi/domestic-stock/v1/quotations/inquire-ccnl FHKST01010300 FHKST01010300
  output[] stck_cntg_hour: stck_prpr prdy_vrss prdy_vrss_sign! cntg_vol tday_rltv% prdy_ctrt%
inquire_time_itemconclusion GET /uapi/domestic-stock/v1/quotations/inquire-time-itemconclusion FHPST01060000 FHPST01060000
  output1{} stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol prdy_vol rprs_mrkt_kor_name:
  output2[] stck_cntg_hour: stck_pbpr prdy_vrss prdy_vrss_sign! prdy_ctrt% askp bidp tday_rltv acml_vol cnqn
inquire_overtime_price GET /uapi/domestic-stock/v1/quotations/inquire-overtime-price FHPST02300000 -
  output{} bstp_kor_isnm: mang_issu_cls_name: ovtm_untp_prpr ovtm_untp_prdy_vrss ovtm_untp_prdy_vrss_sign!
    ovtm_untp_prdy_ctrt% ovtm_untp_vol ovtm_untp_tr_pbmn ovtm_untp_mxpr ovtm_untp_llam ovtm_untp_oprc ovtm_untp_hgpr
    ovtm_untp_lwpr marg_rate% ovtm_untp_antc_cnpr ovtm_untp_antc_cntg_vrss ovtm_untp_antc_cntg_vrss_sign!
    ovtm_untp_antc_cntg_ctrt% ovtm_untp_antc_cnqn crdt_able_yn? new_lstn_cls_name: sltr_yn? mang_issu_yn?
    mrkt_warn_cls_code: trht_yn? vlnt_deal_cls_name: ovtm_untp_sdpr mrkt_warn_cls_name: revl_issu_reas_name:
    insn_pbnt_yn? flng_cls_name: rprs_mrkt_kor_name: ovtm_vi_cls_code: bidp askp
inquire_daily_price GET /uapi/domestic-stock/v1/quotations/inquire-daily-price FHKST01010400 FHKST01010400
  output[] stck_bsop_date: stck_oprc stck_hgpr stck_lwpr stck_clpr acml_vol prdy_vrss_vol_rate% prdy_vrss
    prdy_vrss_sign! prdy_ctrt% hts_frgn_ehrt% frgn_ntby_qty flng_cls_code: acml_prtt_rate%
inquire_daily_itemchartprice GET /uapi/domestic-stock/v1/quotations/inquire-daily-itemchartprice FHKST03010100 FHKST03010100
  output1{} prdy_vrss prdy_vrss_sign! prdy_ctrt% stck_prdy_clpr acml_vol acml_tr_pbmn hts_kor_isnm: stck_prpr
    stck_shrn_iscd: prdy_vol stck_mxpr stck_llam stck_oprc stck_hgpr stck_lwpr stck_prdy_oprc stck_prdy_hgpr
    stck_prdy_lwpr askp bidp prdy_vrss_vol vol_tnrt stck_fcam lstn_stcn cpfn hts_avls per% eps% pbr%
    itewhol_loan_rmnd_ratem%
  output2[] stck_bsop_date: stck_clpr stck_oprc stck_hgpr stck_lwpr acml_vol acml_tr_pbmn flng_cls_code: prtt_rate%
    mod_yn? prdy_vrss_sign! prdy_vrss revl_issu_reas:
inquire_time_itemchartprice GET /uapi/domestic-stock/v1/quotations/inquire-time-itemchartprice FHKST03010200 FHKST03010200
  output1{} prdy_vrss prdy_vrss_sign! prdy_ctrt% stck_prdy_clpr acml_vol acml_tr_pbmn hts_kor_isnm: stck_prpr
  output2[] stck_bsop_date: stck_cntg_hour: stck_prpr stck_oprc stck_hgpr stck_lwpr cntg_vol acml_tr_pbmn
inquire_time_dailychartprice GET /uapi/domestic-stock/v1/quotations/inquire-time-dailychartprice FHKST03010230 -
  output1{} prdy_vrss prdy_vrss_sign! prdy_ctrt% stck_prdy_clpr acml_vol acml_tr_pbmn hts_kor_isnm: stck_prpr
  output2[] stck_bsop_date: stck_cntg_hour: stck_prpr stck_oprc stck_hgpr stck_lwpr cntg_vol acml_tr_pbmn
inquire_index_price GET /uapi/domestic-stock/v1/quotations/inquire-index-price FHPUP02100000 -
  output{} bstp_nmix_prpr% bstp_nmix_prdy_vrss% prdy_vrss_sign! bstp_nmix_prdy_ctrt% acml_vol prdy_vol acml_tr_pbmn
    prdy_tr_pbmn bstp_nmix_oprc% prdy_nmix_vrss_nmix_oprc% oprc_vrss_prpr_sign! bstp_nmix_oprc_prdy_ctrt%
    bstp_nmix_hgpr% prdy_nmix_vrss_nmix_hgpr% hgpr_vrss_prpr_sign! bstp_nmix_hgpr_prdy_ctrt% bstp_nmix_lwpr%
    prdy_clpr_vrss_lwpr lwpr_vrss_prpr_sign! prdy_clpr_vrss_lwpr_rate% ascn_issu_cnt uplm_issu_cnt stnr_issu_cnt
    down_issu_cnt lslm_issu_cnt dryy_bstp_nmix_hgpr% dryy_hgpr_vrss_prpr_rate% dryy_bstp_nmix_hgpr_date:
    dryy_bstp_nmix_lwpr% dryy_lwpr_vrss_prpr_rate% dryy_bstp_nmix_lwpr_date: total_askp_rsqn total_bidp_rsqn
    seln_rsqn_rate% shnu_rsqn_rate% ntby_rsqn
inquire_daily_indexchartprice GET /uapi/domestic-stock/v1/quotations/inquire-daily-indexchartprice FHKUP03500100 FHKUP03500100
  output1{} bstp_nmix_prdy_vrss% prdy_vrss_sign! bstp_nmix_prdy_ctrt% prdy_nmix% acml_vol acml_tr_pbmn hts_kor_isnm:
    bstp_nmix_prpr% bstp_cls_code: prdy_vol bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% futs_prdy_oprc%
    futs_prdy_hgpr% futs_prdy_lwpr%
  output2[] stck_bsop_date: bstp_nmix_prpr% bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% acml_vol acml_tr_pbmn
    mod_yn?
inquire_time_indexchartprice GET /uapi/domestic-stock/v1/quotations/inquire-time-indexchartprice FHKUP03500200 -
  output1{} bstp_nmix_prdy_vrss% prdy_vrss_sign! bstp_nmix_prdy_ctrt% prdy_nmix% acml_vol acml_tr_pbmn hts_kor_isnm:
    bstp_nmix_prpr% bstp_cls_code: prdy_vol bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% futs_prdy_oprc%
    futs_prdy_hgpr% futs_prdy_lwpr%
  output2[] stck_bsop_date: stck_cntg_hour: bstp_nmix_prpr% bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% cntg_vol
    acml_tr_pbmn
inquire_index_daily_price GET /uapi/domestic-stock/v1/quotations/inquire-index-daily-price FHPUP02120000 -
  output1{} bstp_nmix_prpr% bstp_nmix_prdy_vrss% prdy_vrss_sign! bstp_nmix_prdy_ctrt% acml_vol acml_tr_pbmn
    bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% prdy_vol ascn_issu_cnt down_issu_cnt stnr_issu_cnt uplm_issu_cnt
    lslm_issu_cnt prdy_tr_pbmn dryy_bstp_nmix_hgpr_date: dryy_bstp_nmix_hgpr% dryy_bstp_nmix_lwpr%
    dryy_bstp_nmix_lwpr_date:
  output2[] stck_bsop_date: bstp_nmix_prpr% prdy_vrss_sign! bstp_nmix_prdy_vrss% bstp_nmix_prdy_ctrt%
    bstp_nmix_oprc% bstp_nmix_hgpr% bstp_nmix_lwpr% acml_vol_rlim% acml_vol acml_tr_pbmn invt_new_psdg% d20_dsrt%
inquire_vi_status GET /uapi/domestic-stock/v1/quotations/inquire-vi-status FHPST01390000 -
  output[] hts_kor_isnm: mksc_shrn_iscd: vi_cls_code: bsop_date: cntg_vi_hour: vi_cncl_hour: vi_kind_code: vi_prc
    vi_stnd_prc vi_dprt% vi_dmc_stnd_prc vi_dmc_dprt% vi_count
inquire_investor GET /uapi/domestic-stock/v1/quotations/inquire-investor FHKST01010900 FHKST01010900
  output[] stck_bsop_date: stck_clpr prdy_vrss prdy_vrss_sign! prsn_ntby_qty frgn_ntby_qty orgn_ntby_qty
    prsn_ntby_tr_pbmn frgn_ntby_tr_pbmn orgn_ntby_tr_pbmn prsn_shnu_vol frgn_shnu_vol orgn_shnu_vol
    prsn_shnu_tr_pbmn frgn_shnu_tr_pbmn orgn_shnu_tr_pbmn prsn_seln_vol frgn_seln_vol orgn_seln_vol
    prsn_seln_tr_pbmn frgn_seln_tr_pbmn orgn_seln_tr_pbmn
investor_trade_by_stock_daily GET /uapi/domestic-stock/v1/quotations/investor-trade-by-stock-daily FHPTJ04160001 -
  output1{} stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol prdy_vol rprs_mrkt_kor_name:
  output2[] stck_bsop_date: stck_clpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol acml_tr_pbmn stck_oprc stck_hgpr
    stck_lwpr frgn_ntby_qty frgn_reg_ntby_qty frgn_nreg_ntby_qty prsn_ntby_qty orgn_ntby_qty scrt_ntby_qty
    ivtr_ntby_qty pe_fund_ntby_vol bank_ntby_qty insu_ntby_qty mrbn_ntby_qty fund_ntby_qty etc_ntby_qty
    etc_corp_ntby_vol etc_orgt_ntby_vol frgn_reg_ntby_pbmn frgn_ntby_tr_pbmn frgn_nreg_ntby_pbmn prsn_ntby_tr_pbmn
    orgn_ntby_tr_pbmn scrt_ntby_tr_pbmn pe_fund_ntby_tr_pbmn ivtr_ntby_tr_pbmn bank_ntby_tr_pbmn insu_ntby_tr_pbmn
    mrbn_ntby_tr_pbmn fund_ntby_tr_pbmn etc_ntby_tr_pbmn etc_corp_ntby_tr_pbmn etc_orgt_ntby_tr_pbmn frgn_seln_vol
    frgn_shnu_vol frgn_seln_tr_pbmn frgn_shnu_tr_pbmn frgn_reg_askp_qty frgn_reg_bidp_qty frgn_reg_askp_pbmn
    frgn_reg_bidp_pbmn frgn_nreg_askp_qty frgn_nreg_bidp_qty frgn_nreg_askp_pbmn frgn_nreg_bidp_pbmn prsn_seln_vol
    prsn_shnu_vol prsn_seln_tr_pbmn prsn_shnu_tr_pbmn orgn_seln_vol orgn_shnu_vol orgn_seln_tr_pbmn
    orgn_shnu_tr_pbmn scrt_seln_vol scrt_shnu_vol scrt_seln_tr_pbmn scrt_shnu_tr_pbmn ivtr_seln_vol ivtr_shnu_vol
    ivtr_seln_tr_pbmn ivtr_shnu_tr_pbmn pe_fund_seln_tr_pbmn pe_fund_seln_vol pe_fund_shnu_tr_pbmn pe_fund_shnu_vol
    bank_seln_vol bank_shnu_vol bank_seln_tr_pbmn bank_shnu_tr_pbmn insu_seln_vol insu_shnu_vol insu_seln_tr_pbmn
    insu_shnu_tr_pbmn mrbn_seln_vol mrbn_shnu_vol mrbn_seln_tr_pbmn mrbn_shnu_tr_pbmn fund_seln_vol fund_shnu_vol
    fund_seln_tr_pbmn fund_shnu_tr_pbmn etc_seln_vol etc_shnu_vol etc_seln_tr_pbmn etc_shnu_tr_pbmn
    etc_orgt_seln_vol etc_orgt_shnu_vol etc_orgt_seln_tr_pbmn etc_orgt_shnu_tr_pbmn etc_corp_seln_vol
    etc_corp_shnu_vol etc_corp_seln_tr_pbmn etc_corp_shnu_tr_pbmn bold_yn?
investor_trend_estimate GET /uapi/domestic-stock/v1/quotations/investor-trend-estimate HHPTJ04160200 -
  output2[] bsop_hour_gb: frgn_fake_ntby_qty orgn_fake_ntby_qty sum_fake_ntby_qty
foreign_institution_total GET /uapi/domestic-stock/v1/quotations/foreign-institution-total FHPTJ04400000 -
  output[] hts_kor_isnm: mksc_shrn_iscd: ntby_qty stck_prpr prdy_vrss_sign! prdy_vrss prdy_ctrt% acml_vol
    frgn_ntby_qty orgn_ntby_qty ivtr_ntby_qty bank_ntby_qty insu_ntby_qty mrbn_ntby_qty fund_ntby_qty
    etc_orgt_ntby_vol etc_corp_ntby_vol frgn_ntby_tr_pbmn orgn_ntby_tr_pbmn ivtr_ntby_tr_pbmn bank_ntby_tr_pbmn
    insu_ntby_tr_pbmn mrbn_ntby_tr_pbmn fund_ntby_tr_pbmn etc_orgt_ntby_tr_pbmn etc_corp_ntby_tr_pbmn
inquire_member GET /uapi/domestic-stock/v1/quotations/inquire-member FHKST01010600 FHKST01010600
  output{} seln_mbcr_no1: seln_mbcr_no2: seln_mbcr_no3: seln_mbcr_no4: seln_mbcr_no5: seln_mbcr_name1:
    seln_mbcr_name2: seln_mbcr_name3: seln_mbcr_name4: seln_mbcr_name5: total_seln_qty1 total_seln_qty2
    total_seln_qty3 total_seln_qty4 total_seln_qty5 seln_mbcr_rlim1% seln_mbcr_rlim2% seln_mbcr_rlim3%
    seln_mbcr_rlim4% seln_mbcr_rlim5% seln_qty_icdc1 seln_qty_icdc2 seln_qty_icdc3 seln_qty_icdc4 seln_qty_icdc5
    shnu_mbcr_no1: shnu_mbcr_no2: shnu_mbcr_no3: shnu_mbcr_no4: shnu_mbcr_no5: shnu_mbcr_name1: shnu_mbcr_name2:
    shnu_mbcr_name3: shnu_mbcr_name4: shnu_mbcr_name5: total_shnu_qty1 total_shnu_qty2 total_shnu_qty3
    total_shnu_qty4 total_shnu_qty5 shnu_mbcr_rlim1% shnu_mbcr_rlim2% shnu_mbcr_rlim3% shnu_mbcr_rlim4%
    shnu_mbcr_rlim5% shnu_qty_icdc1 shnu_qty_icdc2 shnu_qty_icdc3 shnu_qty_icdc4 shnu_qty_icdc5 glob_total_seln_qty
    glob_seln_rlim% glob_ntby_qty glob_total_shnu_qty glob_shnu_rlim% seln_mbcr_glob_yn_1 seln_mbcr_glob_yn_2
    seln_mbcr_glob_yn_3 seln_mbcr_glob_yn_4 seln_mbcr_glob_yn_5 shnu_mbcr_glob_yn_1 shnu_mbcr_glob_yn_2
    shnu_mbcr_glob_yn_3 shnu_mbcr_glob_yn_4 shnu_mbcr_glob_yn_5 glob_total_seln_qty_icdc glob_total_shnu_qty_icdc
program_trade_by_stock GET /uapi/domestic-stock/v1/quotations/program-trade-by-stock FHPPG04650101 -
  output[] bsop_hour: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol whol_smtn_seln_vol whol_smtn_shnu_vol
    whol_smtn_ntby_qty whol_smtn_seln_tr_pbmn whol_smtn_shnu_tr_pbmn whol_smtn_ntby_tr_pbmn whol_ntby_vol_icdc
    whol_ntby_tr_pbmn_icdc
volume_rank GET /uapi/domestic-stock/v1/quotations/volume-rank FHPST01710000 -
  output[] hts_kor_isnm: mksc_shrn_iscd: data_rank stck_prpr prdy_vrss_sign! prdy_vrss prdy_ctrt% acml_vol prdy_vol
    lstn_stcn avrg_vol n_befr_clpr_vrss_prpr_rate% vol_inrt% vol_tnrt% nday_vol_tnrt avrg_tr_pbmn tr_pbmn_tnrt%
    nday_tr_pbmn_tnrt acml_tr_pbmn
fluctuation GET /uapi/domestic-stock/v1/ranking/fluctuation FHPST01700000 -
  output[] stck_shrn_iscd: data_rank hts_kor_isnm: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol stck_hgpr
    hgpr_hour: acml_hgpr_date: stck_lwpr lwpr_hour: acml_lwpr_date: lwpr_vrss_prpr_rate%
    dsgt_date_clpr_vrss_prpr_rate% cnnt_ascn_dynu hgpr_vrss_prpr_rate% cnnt_down_dynu oprc_vrss_prpr_sign!
    oprc_vrss_prpr oprc_vrss_prpr_rate% prd_rsfl prd_rsfl_rate%
market_cap GET /uapi/domestic-stock/v1/ranking/market-cap FHPST01740000 -
  output[] mksc_shrn_iscd: data_rank hts_kor_isnm: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol lstn_stcn
    stck_avls mrkt_whol_avls_rlim%
volume_power GET /uapi/domestic-stock/v1/ranking/volume-power FHPST01680000 -
  output[] stck_shrn_iscd: data_rank hts_kor_isnm: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol
    tday_rltv% seln_cnqn_smtn shnu_cnqn_smtn
near_new_highlow GET /uapi/domestic-stock/v1/ranking/near-new-highlow FHPST01870000 -
  output[] hts_kor_isnm: mksc_shrn_iscd: stck_prpr prdy_vrss_sign! prdy_vrss prdy_ctrt% askp askp_rsqn1 bidp
    bidp_rsqn1 acml_vol new_hgpr hprc_near_rate% new_lwpr lwpr_near_rate% stck_sdpr
finance_ratio_ranking GET /uapi/domestic-stock/v1/ranking/finance-ratio FHPST01750000 -
  output[] data_rank hts_kor_isnm: mksc_shrn_iscd: stck_prpr prdy_vrss prdy_vrss_sign! prdy_ctrt% acml_vol
    cptl_op_prfi% cptl_ntin_rate% sale_totl_rate% sale_ntin_rate% bis% lblt_rate% bram_depn% rsrv_rate% grs%
    op_prfi_inrt% bsop_prfi_inrt% ntin_inrt% equt_inrt% cptl_tnrt% sale_bond_tnrt% totl_aset_inrt% stac_month:
    stac_month_cls_code: iqry_csnu
dividend_rate_ranking GET /uapi/domestic-stock/v1/ranking/dividend-rate HHKDB13470100 -
  output1[] rank sht_cd: isin_name: record_date: per_sto_divi_amt divi_rate% divi_kind:
chk_holiday GET /uapi/domestic-stock/v1/quotations/chk-holiday CTCA0903R -
  output[] bass_dt: wday_dvsn_cd: bzdy_yn? tr_day_yn? opnd_yn? sttl_day_yn?
search_stock_info GET /uapi/domestic-stock/v1/quotations/search-stock-info CTPF1002R -
  output{} pdno: prdt_type_cd: mket_id_cd: scty_grp_id_cd: excg_dvsn_cd: setl_mmdd lstg_stqt lstg_cptl_amt cpta papr
    issu_pric kospi200_item_yn? scts_mket_lstg_dt: scts_mket_lstg_abol_dt: kosdaq_mket_lstg_dt:
    kosdaq_mket_lstg_abol_dt: frbd_mket_lstg_dt: frbd_mket_lstg_abol_dt: reits_kind_cd: etf_dvsn_cd: oilf_fund_yn?
    idx_bztp_lcls_cd: idx_bztp_mcls_cd: idx_bztp_scls_cd: stck_kind_cd: mfnd_opng_dt: mfnd_end_dt:
    dpsi_erlm_cncl_dt: etf_cu_qty prdt_name: prdt_name120: prdt_abrv_name: std_pdno: prdt_eng_name:
    prdt_eng_name120: prdt_eng_abrv_name: dpsi_aptm_erlm_yn? etf_txtn_type_cd: etf_type_cd: lstg_abol_dt:
    nwst_odst_dvsn_cd: sbst_pric thco_sbst_pric thco_sbst_pric_chng_dt: tr_stop_yn? admn_item_yn? thdt_clpr
    bfdy_clpr clpr_chng_dt: std_idst_clsf_cd: std_idst_clsf_cd_name: idx_bztp_lcls_cd_name: idx_bztp_mcls_cd_name:
    idx_bztp_scls_cd_name: ocr_no: crfd_item_yn? elec_scty_yn? issu_istt_cd: etf_chas_erng_rt_dbnb
    etf_etn_ivst_heed_item_yn? stln_int_rt_dvsn_cd: frnr_psnl_lmt_rt% lstg_rqsr_issu_istt_cd: lstg_rqsr_item_cd:
    trst_istt_issu_istt_cd: cptt_trad_tr_psbl_yn? nxt_tr_stop_yn?
search_info GET /uapi/domestic-stock/v1/quotations/search-info CTPF1604R -
  output{} pdno: prdt_type_cd: prdt_name: prdt_name120: prdt_abrv_name: prdt_eng_name: prdt_eng_name120:
    prdt_eng_abrv_name: std_pdno: shtn_pdno: prdt_sale_stat_cd: prdt_risk_grad_cd: prdt_clsf_cd: prdt_clsf_name:
    sale_strt_dt: sale_end_dt: wrap_asst_type_cd: ivst_prdt_type_cd: ivst_prdt_type_cd_name: frst_erlm_dt:
market_time GET /uapi/domestic-stock/v1/quotations/market-time HHMCM000002C0 -
  output1{} date1: date2: date3: date4: date5: today time: s_time: e_time:
credit_by_company GET /uapi/domestic-stock/v1/quotations/credit-by-company FHPST04770000 -
  output[] stck_shrn_iscd: hts_kor_isnm: crdt_rate%
daily_credit_balance GET /uapi/domestic-stock/v1/quotations/daily-credit-balance FHPST04760000 -
  output[] deal_date: stck_prpr prdy_vrss_sign! prdy_vrss prdy_ctrt% acml_vol stlm_date: whol_loan_new_stcn
    whol_loan_rdmp_stcn whol_loan_rmnd_stcn whol_loan_new_amt whol_loan_rdmp_amt whol_loan_rmnd_amt
    whol_loan_rmnd_rate% whol_loan_gvrt% whol_stln_new_stcn whol_stln_rdmp_stcn whol_stln_rmnd_stcn
    whol_stln_new_amt whol_stln_rdmp_amt whol_stln_rmnd_amt whol_stln_rmnd_rate% whol_stln_gvrt% stck_oprc stck_hgpr
    stck_lwpr
news_title GET /uapi/domestic-stock/v1/quotations/news-title FHKST01011800 -
  output[] cntt_usiq_srno: news_ofer_entp_code: data_dt: data_tm hts_pbnt_titl_cntt: news_lrdv_code: dorg: iscd1:
    iscd2: iscd3: iscd4: iscd5:
ksdinfo_dividend GET /uapi/domestic-stock/v1/ksdinfo/dividend HHKDB669102C0 -
  output1[] record_date: sht_cd: isin_name: divi_kind: face_val% per_sto_divi_amt divi_rate% stk_divi_rate%
    divi_pay_dt: stk_div_pay_dt: odd_pay_dt: stk_kind: high_divi_gb:
ksdinfo_rev_split GET /uapi/domestic-stock/v1/ksdinfo/rev-split HHKDB669105C0 -
  output1[] record_date: sht_cd: isin_name: inter_bf_face_amt inter_af_face_amt td_stop_dt: list_dt:
ksdinfo_bonus_issue GET /uapi/domestic-stock/v1/ksdinfo/bonus-issue HHKDB669101C0 -
  output1[] record_date: sht_cd: isin_name: fix_rate% odd_rec_price right_dt: odd_pay_dt: list_date:
    tot_issue_stk_qty issue_stk_qty stk_kind:
ksdinfo_paidin_capin GET /uapi/domestic-stock/v1/ksdinfo/paidin-capin HHKDB669100C0 -
  output[] record_date: sht_cd: isin_name: tot_issue_stk_qty issue_stk_qty fix_rate% disc_rate% fix_price right_dt:
    sub_term_ft sub_term list_date: stk_kind:
ksdinfo_cap_dcrs GET /uapi/domestic-stock/v1/ksdinfo/cap-dcrs HHKDB669106C0 -
  output1[] record_date: sht_cd: isin_name: stk_kind: reduce_cap_type reduce_cap_rate% comp_way td_stop_dt: list_dt:
ksdinfo_merger_split GET /uapi/domestic-stock/v1/ksdinfo/merger-split HHKDB669104C0 -
  output1[] record_date: sht_cd: opp_cust_cd: opp_cust_nm: cust_cd: cust_nm: merge_type merge_rate% td_stop_dt:
    list_dt: odd_amt_pay_dt: tot_issue_stk_qty issue_stk_qty seq:
finance_financial_ratio GET /uapi/domestic-stock/v1/finance/financial-ratio FHKST66430300 -
  output[] stac_yymm: grs% bsop_prfi_inrt% ntin_inrt% roe_val% eps% sps bps% rsrv_rate% lblt_rate%
finance_income_statement GET /uapi/domestic-stock/v1/finance/income-statement FHKST66430200 -
  output[] stac_yymm: sale_account sale_cost% sale_totl_prfi% depr_cost% sell_mang% bsop_prti% bsop_non_ernn%
    bsop_non_expn% op_prfi% spec_prfi% spec_loss% thtr_ntin%
finance_balance_sheet GET /uapi/domestic-stock/v1/finance/balance-sheet FHKST66430100 -
  output[] stac_yymm: cras% fxas% total_aset% flow_lblt% fix_lblt% total_lblt% cpfn cfp_surp% prfi_surp% total_cptl%
finance_profit_ratio GET /uapi/domestic-stock/v1/finance/profit-ratio FHKST66430400 -
  output[] stac_yymm: cptl_ntin_rate% self_cptl_ntin_inrt% sale_ntin_rate% sale_totl_rate%
finance_growth_ratio GET /uapi/domestic-stock/v1/finance/growth-ratio FHKST66430800 -
  output[] stac_yymm: grs% bsop_prfi_inrt% equt_inrt% totl_aset_inrt%
finance_stability_ratio GET /uapi/domestic-stock/v1/finance/stability-ratio FHKST66430600 -
  output[] stac_yymm: lblt_rate% bram_depn% crnt_rate% quck_rate%
finance_other_major_ratios GET /uapi/domestic-stock/v1/finance/other-major-ratios FHKST66430500 -
  output[] stac_yymm: payout_rate% eva% ebitda% ev_ebitda%
estimate_perform GET /uapi/domestic-stock/v1/quotations/estimate-perform HHKST668300C0 -
  output1{} sht_cd: item_kor_nm: name1: name2: estdate: rcmd_name: capital forn_item_lmtrt:
  output2[] data1 data2 data3 data4 data5
  output3[] data1 data2 data3 data4 data5
  output4[] dt:
etf_inquire_price GET /uapi/etfetn/v1/quotations/inquire-price FHPST02400000 -
  output{} stck_prpr prdy_vrss_sign! prdy_vrss prdy_ctrt% acml_vol prdy_vol stck_mxpr stck_llam stck_prdy_clpr
    stck_oprc prdy_clpr_vrss_oprc_rate% stck_hgpr prdy_clpr_vrss_hgpr_rate% stck_lwpr prdy_clpr_vrss_lwpr_rate%
    prdy_last_nav% nav% nav_prdy_vrss% nav_prdy_vrss_sign! nav_prdy_ctrt% trc_errt% stck_sdpr stck_sspr nmix_ctrt%
    etf_crcl_stcn etf_ntas_ttam etf_frcr_ntas_ttam frgn_limt_rate% frgn_oder_able_qty etf_cu_unit_scrt_cnt
    etf_cnfg_issu_cnt etf_dvdn_cycl crcd etf_crcl_ntas_ttam etf_frcr_crcl_ntas_ttam etf_frcr_last_ntas_wrth_val%
    lp_oder_able_cls_code: stck_dryy_hgpr dryy_hgpr_vrss_prpr_rate% dryy_hgpr_date: stck_dryy_lwpr
    dryy_lwpr_vrss_prpr_rate% dryy_lwpr_date: bstp_kor_isnm: vi_cls_code: lstn_stcn frgn_hldn_qty
    frgn_hldn_qty_rate% etf_trc_ert_mltp% dprt% mbcr_name: stck_lstn_date: mtrt_date: shrg_type_code: lp_hldn_rate%
    etf_trgt_nmix_bstp_code: etf_div_name: etf_rprs_bstp_kor_isnm: lp_hldn_vol
"""
